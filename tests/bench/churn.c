// A closed-loop generator of connections: C at a time, each makes one request, waits for the reply and goes.
//
//   churn HOST PORT CONNECTIONS PIPELINE SECONDS FORMAT BYTES
//
// The command line and the line of JSON that it prints are those of load.c, PIPELINE is not used; a latency runs from
// before the connect to after the reply. Connections that were refused, reset or closed without a reply are counted as
// "errors" and not as replies. Source addresses change within 127.0.1.0/24, so that ports do not run out while closed
// connections linger in TIME_WAIT.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 18, BUCKETS = 1 << 16, SOURCES = 250 };

struct visit {
  int fd;
  int asked;
  uint64_t began_at;
  uint64_t received;
  unsigned char head[4];
};

static char format;
static size_t request_bytes;
static uint64_t counter, replies, errors, measured;
static uint32_t histogram[BUCKETS]; // by 2 microseconds
static char *input, *output;
static struct sockaddr_in to;
static int poll_fd;

static uint64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

// Writes one request of request_bytes, different from the last.
static size_t put_request(char *at) {
  uint64_t n = counter++;
  if (format == 'j') {
    int head = sprintf(at, "{\"type\":\"message\",\"id\":%llu,\"content\":\"", (unsigned long long)n);
    size_t pad = request_bytes > (size_t)head + 3 ? request_bytes - head - 3 : 0;
    memset(at + head, 'a' + n % 26, pad);
    memcpy(at + head + pad, "\"}\n", 3);
    return head + pad + 3;
  }
  memset(at, 'a' + n % 26, request_bytes);
  if (format == 'f') {
    uint32_t length = htonl((uint32_t)request_bytes);
    memcpy(at, &length, 4);
  } else {
    at[request_bytes - 1] = '\n';
  }
  return request_bytes;
}

// Begins the next connection of this place.
static void begin(struct visit *v) {
  static unsigned source;
  v->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (v->fd < 0) die("socket");
  int one = 1;
  setsockopt(v->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(v->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  struct sockaddr_in from = { .sin_family = AF_INET };
  from.sin_addr.s_addr = htonl(0x7f000101u + source++ % SOURCES); // 127.0.1.1 and on
  if (bind(v->fd, (struct sockaddr *)&from, sizeof from)) die("bind");
  v->asked = 0;
  v->received = 0;
  v->began_at = now_us();
  if (connect(v->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) die("connect");
  struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = v };
  epoll_ctl(poll_fd, EPOLL_CTL_ADD, v->fd, &event);
}

static void end_visit(struct visit *v, int failed) {
  close(v->fd);
  if (failed) {
    errors++;
  } else {
    replies++;
    uint64_t bucket = (now_us() - v->began_at) / 2;
    if (measured) histogram[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
  }
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

static void go_on(struct visit *v, uint32_t happened) {
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

static uint64_t percentile(double part) {
  uint64_t total = 0, seen = 0;
  for (int i = 0; i < BUCKETS; i++) total += histogram[i];
  for (int i = 0; i < BUCKETS; i++)
    if ((seen += histogram[i]) >= total * part) return i * 2;
  return BUCKETS * 2;
}

int main(int argc, char **argv) {
  if (argc != 8) {
    fprintf(stderr, "usage: churn HOST PORT CONNECTIONS PIPELINE SECONDS jsonnl|text|frame BYTES\n");
    return 2;
  }
  int connections = atoi(argv[3]);
  double seconds = atof(argv[5]);
  format = argv[6][0];
  request_bytes = atol(argv[7]);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  input = malloc(READ_BYTES);
  output = malloc(request_bytes + 128);
  to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(atoi(argv[2])) };
  inet_pton(AF_INET, argv[1], &to.sin_addr);
  poll_fd = epoll_create1(0);
  struct visit *visits = calloc(connections, sizeof *visits);
  for (int i = 0; i < connections; i++) begin(&visits[i]);
  uint64_t start = now_us(), warm = start + (uint64_t)(seconds * 200000), end = warm + (uint64_t)(seconds * 1e6);
  struct epoll_event events[512];
  for (uint64_t now = start; now < end; now = now_us()) {
    if (!measured && now >= warm) { measured = now; replies = errors = 0; }
    int count = epoll_wait(poll_fd, events, 512, 100);
    for (int i = 0; i < count; i++) go_on(events[i].data.ptr, events[i].events);
  }
  double elapsed = (now_us() - measured) / 1e6;
  printf("{\"perSecond\":%.0f,\"p50\":%llu,\"p99\":%llu,\"p999\":%llu,\"errors\":%llu}\n", replies / elapsed,
         (unsigned long long)percentile(0.5), (unsigned long long)percentile(0.99), (unsigned long long)percentile(0.999),
         (unsigned long long)errors);
  return 0;
}
