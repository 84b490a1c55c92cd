/* A terminal on libmrtd (Debian's `libmrtd0`), to test the chip emulator against another one than ours: BAC, secure
 * messaging and the reading of files are libmrtd's. It knows chips through libnfc's nfc_initiator_transceive_bytes, which
 * stands here instead: APDUs in the framing of vsmartcard's vpcd, on a TCP connection.
 *
 *     cc -o reader scripts/libmrtd.c -l:libmrtd.so.0
 *     reader PORT DOCUMENT_NUMBER BIRTH EXPIRY  FID..
 *
 * prints, for each file identifier (four hexadecimal digits), the identifier and the file; then the number of commands.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of mrtd.h, whose package would bring libnfc's headers along. */
void mrtd_bac_get_kmrz(const uint8_t *number, const uint8_t *birth, const uint8_t *expiry, uint8_t *key);
void mrtd_bac_randomize_rndifd_kifd(void);
int mrtd_bac_keyhandshake(void *device, const uint8_t *key, uint8_t *enc, uint8_t *mac, uint64_t *ssc);
int mrtd_fileread_read(void *device, const uint8_t *fid, uint8_t *file, int *length, const uint8_t *enc,
                       const uint8_t *mac, uint64_t *ssc);

static int chip;
static unsigned commands;

static void fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static void send_message(const uint8_t *bytes, size_t length)
{
	uint8_t message[512] = {length >> 8, length & 0xFF};
	if (length > sizeof message - 2)
		fail("the command is too long");
	memcpy(message + 2, bytes, length);
	if (write(chip, message, length + 2) != (ssize_t)(length + 2))
		fail("the chip is gone");
}

static size_t receive_message(uint8_t *bytes, size_t room)
{
	uint8_t head[2];
	if (recv(chip, head, 2, MSG_WAITALL) != 2)
		fail("the chip is gone");
	size_t length = head[0] << 8 | head[1];
	if (length > room)
		fail("the answer is too long");
	if (length && recv(chip, bytes, length, MSG_WAITALL) != (ssize_t)length)
		fail("the chip is gone");
	return length;
}

int nfc_initiator_transceive_bytes(void *device, const uint8_t *command, size_t length, uint8_t *answer, size_t room,
                                   int timeout)
{
	(void)device, (void)timeout;
	commands++;
	send_message(command, length);
	return (int)receive_message(answer, room);
}

int main(int count, char **words)
{
	if (count < 6)
		fail("reader PORT DOCUMENT_NUMBER BIRTH EXPIRY FID..");
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1]))};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	chip = socket(AF_INET, SOCK_STREAM, 0);
	if (chip < 0 || connect(chip, (struct sockaddr *)&address, sizeof address))
		fail("no chip");
	send_message((const uint8_t *)"\x01", 1); /* power on */

	static uint8_t key[64], enc[16], mac[16], file[1 << 17];
	uint64_t ssc;
	srand(getpid());
	mrtd_bac_randomize_rndifd_kifd();
	mrtd_bac_get_kmrz((uint8_t *)words[2], (uint8_t *)words[3], (uint8_t *)words[4], key);
	if (mrtd_bac_keyhandshake(NULL, key, enc, mac, &ssc) < 0)
		fail("BAC failed");
	for (int i = 5; i < count; i++) {
		unsigned id = strtoul(words[i], NULL, 16);
		const uint8_t fid[] = {id >> 8, id & 0xFF};
		int length = 0;
		if (mrtd_fileread_read(NULL, fid, file, &length, enc, mac, &ssc) < 0)
			fail("a file cannot be read");
		printf("%s ", words[i]);
		for (int byte = 0; byte < length; byte++)
			printf("%02x", file[byte]);
		putchar('\n');
	}
	printf("%u commands\n", commands);
	return 0;
}
