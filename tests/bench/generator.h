// What the generators of load have in common: command line, clock, sockets, requests, latencies.
//
//   PROGRAM HOST PORT CONNECTIONS PIPELINE SECONDS FORMAT BYTES [ASKING [TRICKLE]]
//
// FORMAT is jsonnl, text (a line) or frame (4-byte length that counts itself); BYTES is the size of a request, or "mix":
// log-normal sizes about 100 bytes, the same in every run. With TRICKLE no write takes more than so many bytes, 1 at
// least, by chance. One thread, epoll. Prints one line of JSON: replies per second and latencies in microseconds.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
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

enum { READ_BYTES = 1 << 18, BUCKETS = 1 << 16, EVENTS = 512 };
enum { MIX_MIN = 16, MIX_MEDIAN = 100, MIX_MAX = 16384 }; // bytes

static int connections, asking;
static unsigned pipeline;
static double seconds;
static char format;
static size_t request_bytes; // at most
static int mixed;
static size_t trickle;
static struct sockaddr_in to;

static int poll_fd;
static char *input;
static uint64_t counter, replies, errors, measured;
static uint32_t histogram[BUCKETS]; // by 2 microseconds

static uint64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

// From 0 to below 1: xorshift64*, from a fixed seed.
static double next_random(void) {
  static uint64_t state = 88172645463325252u;
  state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
  return (state * 2685821657736338717u >> 11) * 0x1p-53;
}

static size_t next_size(void) {
  if (!mixed) return request_bytes;
  double normal = sqrt(-2 * log(1 - next_random())) * cos(2 * M_PI * next_random());
  double size = MIX_MEDIAN * exp(1.5 * normal);
  return size < MIX_MIN ? MIX_MIN : size > MIX_MAX ? MIX_MAX : (size_t)size;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

// Reads the command line, and takes as many descriptors as are permitted.
static void prepare(int argc, char **argv) {
  if (argc < 8 || argc > 10) {
    fprintf(stderr, "usage: %s HOST PORT CONNECTIONS PIPELINE SECONDS jsonnl|text|frame BYTES|mix [ASKING [TRICKLE]]\n",
            argv[0]);
    exit(2);
  }
  to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(atoi(argv[2])) };
  inet_pton(AF_INET, argv[1], &to.sin_addr);
  connections = atoi(argv[3]);
  pipeline = atoi(argv[4]);
  seconds = atof(argv[5]);
  format = argv[6][0];
  mixed = strcmp(argv[7], "mix") == 0;
  request_bytes = mixed ? MIX_MAX : atol(argv[7]);
  asking = argc > 8 ? atoi(argv[8]) : connections;
  trickle = argc > 9 ? atol(argv[9]) : 0;
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  input = malloc(READ_BYTES);
  poll_fd = epoll_create1(0);
}

static int open_socket(int flags) {
  int fd = socket(AF_INET, SOCK_STREAM | flags, 0), one = 1;
  if (fd < 0) die("socket");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

static void watch(int fd, void *of) {
  struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = of };
  epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event);
}

// Writes one request, different from the last; its digits come from a counter.
static size_t put_request(char *at) {
  uint64_t n = counter++;
  size_t size = next_size();
  if (format == 'j') {
    int head = sprintf(at, "{\"type\":\"message\",\"id\":%llu,\"content\":\"", (unsigned long long)n);
    size_t pad = size > (size_t)head + 3 ? size - head - 3 : 0;
    memset(at + head, 'a' + n % 26, pad);
    memcpy(at + head + pad, "\"}\n", 3);
    return head + pad + 3;
  }
  size_t start = 0;
  if (format == 'f') {
    uint32_t length = htonl((uint32_t)size);
    memcpy(at, &length, 4);
    start = 4;
  }
  memset(at + start, 'a' + n % 26, size - start);
  char digits[24];
  int count = sprintf(digits, "%llu", (unsigned long long)n);
  if ((size_t)count + start + 1 < size) memcpy(at + start, digits, count);
  if (format == 't') at[size - 1] = '\n';
  return size;
}

static void count_reply(uint64_t asked_at, uint64_t at) {
  uint64_t bucket = (at - asked_at) / 2;
  replies++;
  if (measured) histogram[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
}

// Lets `go_on` see to what happens: first to warm up, for a fifth of the time, then for the time that counts.
static void run(void (*go_on)(void *of, uint32_t happened)) {
  uint64_t start = now_us(), warm = start + (uint64_t)(seconds * 200000), end = warm + (uint64_t)(seconds * 1e6);
  struct epoll_event events[EVENTS];
  for (uint64_t now = start; now < end; now = now_us()) {
    if (!measured && now >= warm) { measured = now; replies = errors = 0; }
    int count = epoll_wait(poll_fd, events, EVENTS, 100);
    for (int i = 0; i < count; i++) go_on(events[i].data.ptr, events[i].events);
  }
}

static unsigned long long percentile(double part) {
  uint64_t total = 0, seen = 0;
  for (int i = 0; i < BUCKETS; i++) total += histogram[i];
  for (int i = 0; i < BUCKETS; i++)
    if ((seen += histogram[i]) >= total * part) return i * 2;
  return BUCKETS * 2;
}

// Prints what was found; `rest` is what stands behind it in the object.
static void report(const char *rest) {
  double elapsed = (now_us() - measured) / 1e6;
  printf("{\"perSecond\":%.0f,\"p50\":%llu,\"p99\":%llu,\"p999\":%llu%s}\n", replies / elapsed, percentile(0.5),
         percentile(0.99), percentile(0.999), rest);
}
