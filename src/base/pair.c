/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pair.h"

#include <errno.h>
#include <sys/socket.h>

bool pair_put(int fd, const void *bytes, size_t n)
{
    const char *at = bytes;
    while (n != 0) {
        ssize_t done = send(fd, at, n, MSG_NOSIGNAL);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        at += done;
        n -= (size_t)done;
    }
    return true;
}

bool pair_take(int fd, void *bytes, size_t n)
{
    char *at = bytes;
    while (n != 0) {
        ssize_t done = recv(fd, at, n, 0);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        at += done;
        n -= (size_t)done;
    }
    return true;
}
