// SPDX-License-Identifier: GPL-2.0-only
/*
 * What virtcap writes into a frame (struct virtcap_frame_id), written and read
 */
#include <endian.h>
#include <string.h>
#include <zlib.h>

#include <linux/virtcap.h>

#include "vb2-frames.h"

const char *const verdict_names[NUM_VERDICTS] = {
	"good", "lost", "repeated", "out of order", "torn", "stale", "corrupt",
	"returned with an error",
};

typedef bool (*stamp_fn)(uint8_t *where, uint32_t stamp);

static bool stamp_write(uint8_t *where, uint32_t stamp)
{
	stamp = htole32(stamp);
	memcpy(where, &stamp, sizeof(stamp));
	return true;
}

static bool stamp_matches(uint8_t *where, uint32_t stamp)
{
	stamp = htole32(stamp);
	return !memcmp(where, &stamp, sizeof(stamp));
}

/* First and last four bytes of each line; stops where fn says false. */
static bool each_stamp(const struct frame *frame, uint32_t number, stamp_fn fn)
{
	for (unsigned int p = 0; p < frame->num_planes; p++) {
		const struct plane *plane = &frame->planes[p];
		size_t skip = p ? 0 : sizeof(struct virtcap_frame_id);

		for (uint32_t line = 0; line < plane->image / plane->bpl; line++) {
			size_t start = (size_t)line * plane->bpl;
			size_t end = start + plane->bpl - 4;

			if (start >= skip &&
			    !fn(plane->mem + start, VIRTCAP_ID_MAGIC ^ number))
				return false;
			if (end >= skip &&
			    !fn(plane->mem + end, VIRTCAP_ID_MAGIC ^ number))
				return false;
		}
	}
	return true;
}

static uint32_t payload_crc(const struct frame *frame)
{
	uint32_t crc = 0;

	for (unsigned int p = 0; p < frame->num_planes; p++) {
		size_t skip = p ? 0 : sizeof(struct virtcap_frame_id);

		crc = crc32(crc, frame->planes[p].mem + skip,
			    frame->planes[p].image - skip);
	}
	return crc;
}

bool identity_present(const struct frame *frame)
{
	return stamp_matches(frame->planes[0].mem, VIRTCAP_ID_MAGIC);
}

/* What is still there after the driver had the buffer is stale. */
void identity_poison(struct frame *frame)
{
	memset(frame->planes[0].mem, 0x55, sizeof(struct virtcap_frame_id));
}

void identity_write(struct frame *frame, uint16_t instance, uint32_t number,
		    bool checksum)
{
	struct virtcap_frame_id id = {
		.magic = htole32(VIRTCAP_ID_MAGIC),
		.instance = htole16(instance),
		.sequence = htole32(number),
		.frame = htole32(number),
	};

	each_stamp(frame, number, stamp_write);
	if (checksum) {
		id.flags = htole16(VIRTCAP_ID_PAYLOAD_CRC);
		id.payload_crc = htole32(payload_crc(frame));
	}
	id.crc = htole32(crc32(0, (void *)&id, offsetof(typeof(id), crc)));
	memcpy(frame->planes[0].mem, &id, sizeof(id));
}

static enum verdict frame_verdict(struct checker *checker,
				  const struct frame *frame,
				  const struct virtcap_frame_id *id,
				  const struct done *done)
{
	if (done && done->error)
		return BUFFER_ERROR;
	if (le32toh(id->magic) != VIRTCAP_ID_MAGIC)
		return STALE;
	if (le32toh(id->crc) != crc32(0, (void *)id, offsetof(typeof(*id), crc)))
		return CORRUPT;
	if (checker->instance >= 0 && le16toh(id->instance) != checker->instance)
		return STALE;
	if (!each_stamp(frame, le32toh(id->frame), stamp_matches))
		return TORN;
	if (le16toh(id->flags) & VIRTCAP_ID_PAYLOAD_CRC &&
	    le32toh(id->payload_crc) != payload_crc(frame))
		return CORRUPT;
	return GOOD;
}

enum verdict identity_check(struct checker *checker, const struct frame *frame,
			    const struct done *done)
{
	struct virtcap_frame_id id;
	enum verdict verdict;
	uint32_t number;

	memcpy(&id, frame->planes[0].mem, sizeof(id));
	checker->frames++;
	verdict = frame_verdict(checker, frame, &id, done);
	if (verdict != GOOD && verdict != TORN) {
		checker->count[verdict]++;
		return verdict;
	}

	number = le32toh(id.frame);
	checker->instance = le16toh(id.instance);
	if (checker->started) {
		int32_t step = number - checker->last;

		if (step == 0)
			verdict = REPEATED;
		else if (step < 0)
			verdict = DISORDER;
		else if (step > 1)
			/* One verdict, but each missing frame counts. */
			checker->count[LOST] += step - 1;
	}
	/* The number outside must be the number inside. */
	if (verdict == GOOD && done && !checker->foreign &&
	    (le32toh(id.sequence) != done->sequence ||
	     le64toh(id.timestamp) / 1000 != done->timestamp / 1000))
		verdict = STALE;
	checker->started = true;
	if (verdict != DISORDER)
		checker->last = number;
	checker->count[verdict]++;
	return verdict;
}
