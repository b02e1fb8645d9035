// A closed-loop load generator: C connections, each with P requests in flight, each request different from the last.
//
//   load HOST PORT CONNECTIONS PIPELINE SECONDS FORMAT BYTES
//
// FORMAT is jsonnl, text (a line) or frame (4-byte length that counts itself); BYTES is the size of a request. A reply is
// whatever frame comes back. One thread, epoll. Prints one line of JSON: replies per second and latencies in microseconds.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
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

enum { READ_BYTES = 1 << 18, MAX_PIPELINE = 256, BUCKETS = 1 << 16 };

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

static char format;
static size_t request_bytes;
static unsigned pipeline;
static uint64_t counter, replies, measured;
static uint32_t histogram[BUCKETS]; // by 2 microseconds
static char *input;

static uint64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

// Writes one request of request_bytes; its digits come from a counter.
static size_t put_request(char *at) {
  uint64_t n = counter++;
  if (format == 'j') {
    int head = sprintf(at, "{\"type\":\"message\",\"id\":%llu,\"content\":\"", (unsigned long long)n);
    size_t pad = request_bytes > (size_t)head + 3 ? request_bytes - head - 3 : 0;
    memset(at + head, 'a' + n % 26, pad);
    memcpy(at + head + pad, "\"}\n", 3);
    return head + pad + 3;
  }
  size_t start = 0;
  if (format == 'f') {
    uint32_t length = htonl((uint32_t)request_bytes);
    memcpy(at, &length, 4);
    start = 4;
  }
  memset(at + start, 'a' + n % 26, request_bytes - start);
  char digits[24];
  int count = sprintf(digits, "%llu", (unsigned long long)n);
  if ((size_t)count + start + 1 < request_bytes) memcpy(at + start, digits, count);
  if (format == 't') at[request_bytes - 1] = '\n';
  return request_bytes;
}

static void flush_out(struct peer *p) {
  while (p->out_start < p->out_end) {
    ssize_t n = write(p->fd, p->out + p->out_start, p->out_end - p->out_start);
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
  uint64_t bucket = (at - p->sent_at[p->first]) / 2;
  p->first = (p->first + 1) % MAX_PIPELINE;
  p->in_flight--;
  replies++;
  if (measured) histogram[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
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

static uint64_t percentile(double part) {
  uint64_t total = 0, seen = 0;
  for (int i = 0; i < BUCKETS; i++) total += histogram[i];
  for (int i = 0; i < BUCKETS; i++)
    if ((seen += histogram[i]) >= total * part) return i * 2;
  return BUCKETS * 2;
}

int main(int argc, char **argv) {
  if (argc != 8) {
    fprintf(stderr, "usage: load HOST PORT CONNECTIONS PIPELINE SECONDS jsonnl|text|frame BYTES\n");
    return 2;
  }
  int connections = atoi(argv[3]);
  pipeline = atoi(argv[4]);
  double seconds = atof(argv[5]);
  format = argv[6][0];
  request_bytes = atol(argv[7]);
  if (pipeline > MAX_PIPELINE) { fprintf(stderr, "at most %d in flight\n", MAX_PIPELINE); return 2; }
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  input = malloc(READ_BYTES);
  struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[2])) };
  inet_pton(AF_INET, argv[1], &to.sin_addr);
  int poll = epoll_create1(0);
  struct peer *peers = calloc(connections, sizeof *peers);
  for (int i = 0; i < connections; i++) {
    struct peer *p = &peers[i];
    p->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&to, sizeof to)) die("connect");
    int one = 1;
    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(p->fd, F_SETFL, O_NONBLOCK);
    p->out = malloc((request_bytes + 128) * pipeline * 2);
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = p };
    epoll_ctl(poll, EPOLL_CTL_ADD, p->fd, &event);
  }
  for (int i = 0; i < connections; i++) fill(&peers[i]);
  uint64_t start = now_us(), warm = start + (uint64_t)(seconds * 200000), end = warm + (uint64_t)(seconds * 1e6);
  struct epoll_event events[512];
  for (uint64_t now = start; now < end; now = now_us()) {
    if (!measured && now >= warm) { measured = now; replies = 0; }
    int count = epoll_wait(poll, events, 512, 100);
    for (int i = 0; i < count; i++) {
      struct peer *p = events[i].data.ptr;
      for (;;) {
        ssize_t n = read(p->fd, input, READ_BYTES);
        if (n < 0 && errno == EAGAIN) break;
        if (n <= 0) { fprintf(stderr, "the server closed a connection\n"); return 1; }
        take(p, input, n);
        if (n < READ_BYTES) break;
      }
      flush_out(p);
      if (p->out_end == 0) fill(p);
    }
  }
  double elapsed = (now_us() - measured) / 1e6;
  printf("{\"perSecond\":%.0f,\"p50\":%llu,\"p99\":%llu,\"p999\":%llu}\n", replies / elapsed,
         (unsigned long long)percentile(0.5), (unsigned long long)percentile(0.99), (unsigned long long)percentile(0.999));
  return 0;
}
