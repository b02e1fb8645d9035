// A closed-loop load generator: CONNECTIONS open ones, each with PIPELINE requests in flight, each request different from
// the last. With ASKING, only so many of the connections ask at a time: whoever has all replies passes the turn on to the
// next one that is idle. A reply is whatever frame comes back.
#include "generator.h"
#include <fcntl.h>

enum { MAX_PIPELINE = 256 };

struct peer {
  int fd;
  uint64_t sent_at[MAX_PIPELINE]; // a ring: when each request in flight was sent
  unsigned first, in_flight;
  size_t frame_left; // of a length-prefixed reply
  unsigned char header[4];
  unsigned header_bytes;
  char *out;
  size_t out_start, out_end;
};

static struct peer *peers;
static int turn; // whose turn came last

static void flush_out(struct peer *p) {
  while (p->out_start < p->out_end) {
    size_t count = p->out_end - p->out_start, most = trickle > 0 ? 1 + (size_t)(next_random() * trickle) : count;
    ssize_t n = write(p->fd, p->out + p->out_start, count < most ? count : most);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) die("write");
    p->out_start += n;
  }
  p->out_start = p->out_end = 0;
}

static void fill(struct peer *p) {
  uint64_t at = now_us();
  while (p->in_flight < pipeline) {
    p->out_end += put_request(p->out + p->out_end);
    p->sent_at[(p->first + p->in_flight++) % MAX_PIPELINE] = at;
  }
  flush_out(p);
}

static void replied(struct peer *p, uint64_t at) {
  if (p->in_flight == 0) { fprintf(stderr, "a reply too many\n"); exit(1); }
  count_reply(p->sent_at[p->first], at);
  p->first = (p->first + 1) % MAX_PIPELINE;
  p->in_flight--;
}

static void take(struct peer *p, const char *bytes, size_t count) {
  uint64_t at = now_us();
  if (format != 'f') {
    for (const char *end = bytes + count; (bytes = memchr(bytes, '\n', end - bytes)); bytes++) replied(p, at);
    return;
  }
  while (count > 0) {
    if (p->frame_left == 0) {
      p->header[p->header_bytes++] = *bytes++;
      count--;
      if (p->header_bytes < 4) continue;
      uint32_t length;
      memcpy(&length, p->header, 4);
      p->header_bytes = 0;
      p->frame_left = ntohl(length) - 4;
    } else {
      size_t part = count < p->frame_left ? count : p->frame_left;
      bytes += part;
      count -= part;
      p->frame_left -= part;
    }
    if (p->frame_left == 0) replied(p, at);
  }
}

// The next that waits for nothing; whoever passes the turn on is one.
static struct peer *next_idle(void) {
  do turn = (turn + 1) % connections;
  while (peers[turn].in_flight > 0);
  return &peers[turn];
}

static void go_on(void *of, uint32_t happened) {
  (void)happened;
  struct peer *p = of;
  unsigned asked = p->in_flight;
  for (;;) {
    ssize_t n = read(p->fd, input, READ_BYTES);
    if (n < 0 && errno == EAGAIN) break;
    if (n <= 0) { fprintf(stderr, "the server closed a connection\n"); exit(1); }
    take(p, input, n);
    if (n < READ_BYTES) break;
  }
  flush_out(p);
  if (p->out_end > 0) return;
  if (asking >= connections) fill(p);
  else if (asked > 0 && p->in_flight == 0) fill(next_idle());
}

int main(int argc, char **argv) {
  prepare(argc, argv);
  if (pipeline > MAX_PIPELINE) { fprintf(stderr, "at most %d in flight\n", MAX_PIPELINE); return 2; }
  peers = calloc(connections, sizeof *peers);
  for (int i = 0; i < connections; i++) {
    struct peer *p = &peers[i];
    p->fd = open_socket(0);
    if (connect(p->fd, (struct sockaddr *)&to, sizeof to)) die("connect");
    fcntl(p->fd, F_SETFL, O_NONBLOCK);
    p->out = malloc((request_bytes + 128) * pipeline * 2);
    watch(p->fd, p);
  }
  for (int i = 0; i < asking && i < connections; i++) fill(&peers[turn = i]);
  run(go_on);
  report("");
  return 0;
}
