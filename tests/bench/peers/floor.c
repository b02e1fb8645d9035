// The floor: echoes bytes, in C, on one thread with epoll. What no server of frames can undercut.
//
//   floor PORT
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 18 };

// A connection, and what it has not taken yet; nothing is read from it until it has.
struct peer {
  int fd;
  char *owed;
  size_t start, end;
};

static char input[READ_BYTES];

static void end_peer(struct peer *p) {
  close(p->fd);
  free(p->owed);
  free(p);
}

// Answers whether the connection takes more: 0 if not now, -1 if it is gone.
static int put(struct peer *p, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t n = write(p->fd, bytes, count);
    if (n < 0 && errno == EAGAIN) break;
    if (n <= 0) return -1;
    bytes += n;
    count -= n;
  }
  if (count == 0) return 1;
  char *rest = malloc(count);
  memcpy(rest, bytes, count);
  free(p->owed);
  p->owed = rest;
  p->start = 0;
  p->end = count;
  return 0;
}

static void go_on(struct peer *p) {
  if (p->owed) {
    ssize_t n = write(p->fd, p->owed + p->start, p->end - p->start);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return end_peer(p);
    if ((p->start += n) < p->end) return;
    free(p->owed);
    p->owed = NULL;
  }
  for (;;) {
    ssize_t n = read(p->fd, input, READ_BYTES);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return end_peer(p);
    int more = put(p, input, n);
    if (more < 0) return end_peer(p);
    // A short read has emptied the socket: another one would only say so. Edge-triggered, it tells of what comes later.
    if (!more || n < READ_BYTES) return;
  }
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: floor PORT\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  int door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(door, (struct sockaddr *)&at, sizeof at) || listen(door, 4096)) {
    perror("listen");
    return 1;
  }
  int poll = epoll_create1(0);
  struct epoll_event wanted = { .events = EPOLLIN, .data.ptr = NULL }, events[512];
  epoll_ctl(poll, EPOLL_CTL_ADD, door, &wanted);
  for (;;) {
    int count = epoll_wait(poll, events, 512, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.ptr != NULL) {
        go_on(events[i].data.ptr);
        continue;
      }
      for (int fd; (fd = accept4(door, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct peer *p = calloc(1, sizeof *p);
        p->fd = fd;
        struct epoll_event both = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = p };
        epoll_ctl(poll, EPOLL_CTL_ADD, fd, &both);
      }
    }
  }
}
