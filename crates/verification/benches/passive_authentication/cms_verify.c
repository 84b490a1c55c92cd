/* What OpenSSL spends on the same passport: CMS_verify with the chain up to a CSCA, from the bytes of EF.SOD.
 *
 *     cms_verify SOD CSCA TIME GROUP..
 *
 * SOD is the ContentInfo without the tag of the file, CSCA a certificate, both DER; TIME is in seconds. The CSCA is read
 * once and stands in the store, the algorithms are fetched once: only the document is new each time. It reads lines
 * `v N` (verify N times) and `h N` (hash all groups N times, SHA-256) and answers each with the nanoseconds taken.
 */
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_FILE = 1 << 20, MAX_GROUPS = 16 };

struct file {
    unsigned char *bytes;
    long length;
};

static void fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static struct file read_file(const char *path) {
    FILE *stream = fopen(path, "rb");
    struct file file = {malloc(MAX_FILE), 0};
    if (!stream || !file.bytes) fail(path);
    file.length = (long)fread(file.bytes, 1, MAX_FILE, stream);
    fclose(stream);
    return file;
}

/* OpenSSL refuses certificates with explicit curve parameters, which most States issue: it is told not to. */
static int explicit_curves(int ok, X509_STORE_CTX *context) {
    return ok || X509_STORE_CTX_get_error(context) == X509_V_ERR_EC_KEY_EXPLICIT_PARAMS;
}

static void verify(struct file sod, X509_STORE *store) {
    const unsigned char *bytes = sod.bytes;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &bytes, sod.length);
    BIO *content = BIO_new(BIO_s_mem());
    if (!cms || !CMS_verify(cms, NULL, store, NULL, content, CMS_BINARY)) fail("CMS_verify");
    BIO_free(content);
    CMS_ContentInfo_free(cms);
}

int main(int count, char **arguments) {
    if (count < 4 || count - 4 > MAX_GROUPS) fail("usage: cms_verify SOD CSCA TIME GROUP..");
    struct file sod = read_file(arguments[1]), csca = read_file(arguments[2]), groups[MAX_GROUPS];
    int group_count = count - 4;
    for (int i = 0; i < group_count; i++) groups[i] = read_file(arguments[4 + i]);
    const unsigned char *bytes = csca.bytes;
    X509 *anchor = d2i_X509(NULL, &bytes, csca.length);
    X509_STORE *store = X509_STORE_new();
    if (!anchor || !store || !X509_STORE_add_cert(store, anchor)) fail("the CSCA");
    X509_STORE_set_verify_cb(store, explicit_curves);
    X509_STORE_set_purpose(store, X509_PURPOSE_ANY);
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)atoll(arguments[3]));
    EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA-256", NULL);
    if (!sha256) fail("SHA-256");

    char command;
    long times;
    while (scanf(" %c %ld", &command, &times) == 2) {
        struct timespec start, end;
        clock_gettime(CLOCK_MONOTONIC, &start);
        for (long n = 0; n < times; n++) {
            if (command == 'v') {
                verify(sod, store);
                continue;
            }
            for (int i = 0; i < group_count; i++) {
                unsigned char digest[EVP_MAX_MD_SIZE];
                if (!EVP_Digest(groups[i].bytes, (size_t)groups[i].length, digest, NULL, sha256, NULL)) fail("hash");
            }
        }
        clock_gettime(CLOCK_MONOTONIC, &end);
        printf("%lld\n", (end.tv_sec - start.tv_sec) * 1000000000LL + (end.tv_nsec - start.tv_nsec));
        fflush(stdout);
    }
    return 0;
}
