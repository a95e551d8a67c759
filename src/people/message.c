/* SPDX-License-Identifier: Apache-2.0 */
#include "people/message.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "people/people_private.h"

static bool write_file(const char *path, int flags, struct str bytes, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | flags | O_CLOEXEC, 0600);
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

static bool write_part(const char *folder, const char *part, int flags, struct str id, struct str to,
                       struct str text, int64_t now, struct err *err)
{
    char made[TIME_TEXT_SIZE];
    struct buf out;
    struct json j;
    if (text.n > MESSAGE_TEXT_MAX)
        return err_set(err, ERR_TOO_LARGE, "message", "is longer than %d bytes", MESSAGE_TEXT_MAX);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return err_errno(err, folder, "cannot make the folder of messages");
    time_iso(now, made);
    buf_init(&out, 4096);
    json_start(&j, &out);
    json_open_object(&j);
    json_key_u64(&j, "v", 1);
    json_key_text(&j, "id", id);
    json_key_text(&j, "to", to.n ? to : STR("+00000000000"));
    json_key_text(&j, "text", text);
    json_key_text(&j, "made", str_of(made));
    json_end(&j);
    buf_byte(&out, '\n');
    bool ok = write_file(part, flags, buf_view(&out), err);
    secret_wipe(out.p, out.n);
    buf_done(&out);
    return ok;
}

bool message_put(const char *folder, struct str to, struct str text, int64_t now, struct err *err)
{
    char id[MANDATE_ID_SIZE], path[4096], part[4096];
    people_random_id(id);
    snprintf(part, sizeof part, "%.3900s/.%s.part", folder, id);
    snprintf(path, sizeof path, "%.3900s/%s.json", folder, id);
    if (!write_part(folder, part, O_EXCL, str_of(id), to, text, now, err))
        return false;
    if (to.n == 0 && unlink(part) != 0)
        return err_errno(err, part, "cannot remove");
    if (to.n != 0 && rename(part, path) != 0)
        return err_errno(err, path, "cannot rename the message into place");
    return sync_folder(folder, err);
}

bool message_prepare(const char *folder, struct str id, struct str to, struct str text, int64_t now,
                     struct err *err)
{
    char part[4096];
    must(text_is_id(id));
    snprintf(part, sizeof part, "%.3900s/.%.*s.part", folder, STR_ARG(id));
    return write_part(folder, part, O_TRUNC, id, to, text, now, err) && sync_folder(folder, err);
}

bool message_release(const char *folder, struct str id, bool *ret_was_there, struct err *err)
{
    char path[4096], part[4096];
    must(text_is_id(id));
    snprintf(part, sizeof part, "%.3900s/.%.*s.part", folder, STR_ARG(id));
    snprintf(path, sizeof path, "%.3900s/%.*s.json", folder, STR_ARG(id));
    bool there = rename(part, path) == 0;
    if (!there && errno != ENOENT)
        return err_errno(err, path, "cannot rename the message into place");
    *ret_was_there = there;
    return !there || sync_folder(folder, err);
}

bool message_failures(const char *folder, char (*ids)[MESSAGE_ID_SIZE], size_t limit, size_t *ret_n,
                      struct err *err)
{
    DIR *dir = opendir(folder);
    size_t n = 0;
    if (dir == NULL && errno != ENOENT)
        return err_errno(err, folder, "cannot read the folder of messages");
    for (struct dirent *entry; dir != NULL && n < limit && (entry = readdir(dir)) != NULL;) {
        struct str name = str_of(entry->d_name);
        struct str id = {name.p, name.n - MIN_OF(name.n, sizeof ".failed" - 1)};
        if (str_ends(name, STR(".failed")) && id.n < MESSAGE_ID_SIZE && text_is_id(id))
            snprintf(ids[n++], MESSAGE_ID_SIZE, "%.*s", STR_ARG(id));
    }
    if (dir != NULL)
        closedir(dir);
    *ret_n = n;
    return true;
}

bool message_forget(const char *folder, struct str id, struct err *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%.3900s/%.*s.failed", folder, STR_ARG(id));
    return unlink(path) == 0 || errno == ENOENT || err_errno(err, path, "cannot remove");
}
