/* NSS module "altfiles": users and groups of the image, from /usr/lib/passwd and /usr/lib/group.
 *
 * Debian has no package of nss-altfiles; this does the same by glibc's own parsers.
 */
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static enum nss_status status_of(int error, int *errnop)
{
    if (error == 0)
        return NSS_STATUS_SUCCESS;
    *errnop = error;
    return error == ERANGE ? NSS_STATUS_TRYAGAIN : NSS_STATUS_NOTFOUND;
}

/* For one database: next, find, and the four functions that glibc calls for them and for a walk. */
#define DATABASE(TYPE, FILE_NAME, NEXT, SET, GET, END, BY_NAME, NAME, BY_ID, ID_TYPE, ID)          \
    static FILE *NEXT##_walk;                                                                      \
                                                                                                   \
    static int NEXT##_one(FILE *file, struct TYPE *result, char *buffer, size_t size)              \
    {                                                                                              \
        struct TYPE *found;                                                                        \
        return NEXT(file, result, buffer, size, &found);                                           \
    }                                                                                              \
                                                                                                   \
    enum nss_status BY_NAME(const char *name, struct TYPE *result, char *buffer, size_t size,      \
                            int *errnop)                                                           \
    {                                                                                              \
        FILE *file = fopen(FILE_NAME, "re");                                                       \
        int error;                                                                                 \
        if (!file)                                                                                 \
            return NSS_STATUS_UNAVAIL;                                                             \
        do                                                                                         \
            error = NEXT##_one(file, result, buffer, size);                                        \
        while (error == 0 && strcmp(result->NAME, name) != 0);                                     \
        fclose(file);                                                                              \
        return status_of(error, errnop);                                                           \
    }                                                                                              \
                                                                                                   \
    enum nss_status BY_ID(ID_TYPE id, struct TYPE *result, char *buffer, size_t size, int *errnop) \
    {                                                                                              \
        FILE *file = fopen(FILE_NAME, "re");                                                       \
        int error;                                                                                 \
        if (!file)                                                                                 \
            return NSS_STATUS_UNAVAIL;                                                             \
        do                                                                                         \
            error = NEXT##_one(file, result, buffer, size);                                        \
        while (error == 0 && result->ID != id);                                                    \
        fclose(file);                                                                              \
        return status_of(error, errnop);                                                           \
    }                                                                                              \
                                                                                                   \
    enum nss_status END(void)                                                                      \
    {                                                                                              \
        pthread_mutex_lock(&lock);                                                                 \
        if (NEXT##_walk)                                                                           \
            fclose(NEXT##_walk);                                                                   \
        NEXT##_walk = NULL;                                                                        \
        pthread_mutex_unlock(&lock);                                                               \
        return NSS_STATUS_SUCCESS;                                                                 \
    }                                                                                              \
                                                                                                   \
    enum nss_status SET(int stay_open)                                                             \
    {                                                                                              \
        (void)stay_open;                                                                           \
        return END();                                                                              \
    }                                                                                              \
                                                                                                   \
    enum nss_status GET(struct TYPE *result, char *buffer, size_t size, int *errnop)               \
    {                                                                                              \
        enum nss_status status = NSS_STATUS_UNAVAIL;                                               \
        pthread_mutex_lock(&lock);                                                                 \
        if (!NEXT##_walk)                                                                          \
            NEXT##_walk = fopen(FILE_NAME, "re");                                                  \
        if (NEXT##_walk) {                                                                         \
            fpos_t before; /* a line that does not fit must come again */                          \
            fgetpos(NEXT##_walk, &before);                                                         \
            status = status_of(NEXT##_one(NEXT##_walk, result, buffer, size), errnop);             \
            if (status == NSS_STATUS_TRYAGAIN)                                                     \
                fsetpos(NEXT##_walk, &before);                                                     \
        }                                                                                          \
        pthread_mutex_unlock(&lock);                                                               \
        return status;                                                                             \
    }

DATABASE(passwd, "/usr/lib/passwd", fgetpwent_r, _nss_altfiles_setpwent, _nss_altfiles_getpwent_r,
         _nss_altfiles_endpwent, _nss_altfiles_getpwnam_r, pw_name, _nss_altfiles_getpwuid_r, uid_t,
         pw_uid)

DATABASE(group, "/usr/lib/group", fgetgrent_r, _nss_altfiles_setgrent, _nss_altfiles_getgrent_r,
         _nss_altfiles_endgrent, _nss_altfiles_getgrnam_r, gr_name, _nss_altfiles_getgrgid_r, gid_t,
         gr_gid)
