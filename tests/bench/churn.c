// A closed-loop generator of connections: CONNECTIONS at a time, each makes one request, waits for the reply and goes.
//
// PIPELINE and ASKING are not used; a latency runs from before the connect to after the reply. Connections that were
// refused, reset or closed without a reply are counted as "errors" and not as replies. Source addresses change within
// 127.0.1.0/24, so that ports do not run out while closed connections linger in TIME_WAIT.
#include "generator.h"

enum { SOURCES = 250 };

struct visit {
  int fd;
  int asked;
  uint64_t began_at;
  uint64_t received;
  unsigned char head[4];
};

static char *output;

// Begins the next connection of this place.
static void begin(struct visit *v) {
  static unsigned source;
  v->fd = open_socket(SOCK_NONBLOCK);
  int one = 1;
  setsockopt(v->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  struct sockaddr_in from = { .sin_family = AF_INET };
  from.sin_addr.s_addr = htonl(0x7f000101u + source++ % SOURCES); // 127.0.1.1 and on
  if (bind(v->fd, (struct sockaddr *)&from, sizeof from)) die("bind");
  v->asked = 0;
  v->received = 0;
  v->began_at = now_us();
  if (connect(v->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) die("connect");
  watch(v->fd, v);
}

static void end_visit(struct visit *v, int failed) {
  close(v->fd);
  if (failed) errors++;
  else count_reply(v->began_at, now_us());
  begin(v);
}

// Whether what has been received is a whole reply.
static int is_whole(struct visit *v, const char *bytes, size_t count) {
  if (format != 'f') return memchr(bytes, '\n', count) != NULL;
  for (size_t i = 0; i < count && v->received + i < 4; i++) v->head[v->received + i] = bytes[i];
  uint32_t length;
  memcpy(&length, v->head, 4);
  return v->received + count >= 4 && v->received + count >= ntohl(length);
}

static void go_on(void *of, uint32_t happened) {
  struct visit *v = of;
  if (!v->asked) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(v->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) return end_visit(v, 1);
    if (!(happened & EPOLLOUT)) return;
    v->asked = 1;
    size_t length = put_request(output);
    // One request fits into an empty socket's buffer.
    if (write(v->fd, output, length) != (ssize_t)length) return end_visit(v, 1);
  }
  for (;;) {
    ssize_t n = read(v->fd, input, READ_BYTES);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return end_visit(v, 1);
    if (is_whole(v, input, n)) return end_visit(v, 0);
    v->received += n;
  }
}

int main(int argc, char **argv) {
  prepare(argc, argv);
  output = malloc(request_bytes + 128);
  struct visit *visits = calloc(connections, sizeof *visits);
  for (int i = 0; i < connections; i++) begin(&visits[i]);
  run(go_on);
  char rest[32];
  sprintf(rest, ",\"errors\":%llu", (unsigned long long)errors);
  report(rest);
  return 0;
}
