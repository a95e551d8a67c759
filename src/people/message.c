/* SPDX-License-Identifier: Apache-2.0 */
#include "people/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "people/people_private.h"

static bool write_file(const char *path, struct str bytes, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(err, path, "cannot create the message");
    bool ok = write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n && fsync(fd) == 0;
    if (!ok)
        err_errno(err, path, "cannot write the message");
    close(fd);
    return ok;
}

static bool sync_folder(const char *folder, struct err *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (!ok)
        err_errno(err, folder, "cannot sync the folder of messages");
    if (fd >= 0)
        close(fd);
    return ok;
}

bool message_put(const char *folder, struct str to, struct str text, int64_t now, struct err *err)
{
    char id[MANDATE_ID_SIZE], made[TIME_TEXT_SIZE], path[4096], part[4096];
    struct buf out;
    struct json j;
    if (text.n > MESSAGE_TEXT_MAX)
        return err_set(err, ERR_TOO_LARGE, "message", "is longer than %d bytes", MESSAGE_TEXT_MAX);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return err_errno(err, folder, "cannot make the folder of messages");
    people_random_id(id);
    time_iso(now, made);
    buf_init(&out, 4096);
    json_start(&j, &out);
    json_open_object(&j);
    json_key_u64(&j, "v", 1);
    json_key_text(&j, "id", str_of(id));
    json_key_text(&j, "to", to.n ? to : STR("+00000000000"));
    json_key_text(&j, "text", text);
    json_key_text(&j, "made", str_of(made));
    json_end(&j);
    buf_byte(&out, '\n');
    snprintf(part, sizeof part, "%.3900s/.%s.part", folder, id);
    snprintf(path, sizeof path, "%.3900s/%s.json", folder, id);
    bool ok = write_file(part, buf_view(&out), err);
    if (ok && to.n == 0)
        ok = unlink(part) == 0 || err_errno(err, part, "cannot remove");
    else if (ok && rename(part, path) != 0)
        ok = err_errno(err, path, "cannot rename the message into place");
    ok = ok && sync_folder(folder, err);
    secret_wipe(out.p, out.n);
    buf_done(&out);
    return ok;
}
