/* The wall clock of a process as a scenario says, which sets it while the process runs; all other clocks as they are.
 *
 * $FAULTS_CLOCK is a file of two whole numbers, in nanoseconds: how far the clock is ahead, and where it stands still
 * (0: it does not). It is mapped into memory, so that a change is there at once for all processes that share it.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *set;

__attribute__((constructor)) static void look(void) {
    const char *path = getenv("FAULTS_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *found = mmap(NULL, 2 * sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    if (found != MAP_FAILED) set = found;
    close(file);
}

static int64_t shown(void) {
    struct timespec now;
    if (set && set[1]) return set[1];
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec + (set ? set[0] : 0);
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE) return syscall(SYS_clock_gettime, clock, at);
    int64_t now = shown();
    at->tv_sec = now / 1000000000LL;
    at->tv_nsec = now % 1000000000LL;
    return 0;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    (void)zone;
    int64_t now = shown();
    at->tv_sec = now / 1000000000LL;
    at->tv_usec = now % 1000000000LL / 1000;
    return 0;
}

time_t time(time_t *at) {
    time_t now = shown() / 1000000000LL;
    if (at) *at = now;
    return now;
}
