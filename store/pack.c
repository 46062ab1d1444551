//go:build !plainrows

// The aggregate function packed_numbers(a, b, ...): all rows of a query of whole
// numbers as one blob, so that reading a hundred thousand of them takes one call
// from Go and not one a row.
//
// Why C, measured on a week of the roll-up of 10 M calls (78,000 rows of six
// numbers): through database/sql 190 ms, four fifths of it one cgo call, five
// conversions and a Scan by reflection for each row; this READ_MS ms.
// The plain way is in pack_plain.go (build tag plainrows).
//
// As in rows.c, what is used of SQLite's header is declared here.

#include <stdint.h>
#include <string.h>

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_context sqlite3_context;
typedef struct sqlite3_value sqlite3_value;

extern int sqlite3_auto_extension(void (*)(void));
extern int sqlite3_create_function_v2(sqlite3 *, const char *, int, int, void *, void (*)(sqlite3_context *, int, sqlite3_value **),
	void (*)(sqlite3_context *, int, sqlite3_value **), void (*)(sqlite3_context *), void (*)(void *));
extern void *sqlite3_aggregate_context(sqlite3_context *, int);
extern void *sqlite3_realloc64(void *, uint64_t);
extern void sqlite3_free(void *);
extern long long sqlite3_value_int64(sqlite3_value *);
extern void sqlite3_result_blob64(sqlite3_context *, const void *, uint64_t, void (*)(void *));
extern void sqlite3_result_error_nomem(sqlite3_context *);

enum { UTF8 = 1, DETERMINISTIC = 0x800, LONGEST = 10 }; // LONGEST: bytes of a varint

typedef struct {
	unsigned char *data;
	uint64_t used, size;
	int failed;
} packed;

static void step(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
	packed *p = sqlite3_aggregate_context(ctx, sizeof *p);
	if (!p || p->failed) return;
	if (p->size - p->used < (uint64_t)argc * LONGEST) {
		uint64_t size = 2 * p->size + 4096 + (uint64_t)argc * LONGEST;
		unsigned char *data = sqlite3_realloc64(p->data, size);
		if (!data) {
			p->failed = 1;
			return;
		}
		p->data = data;
		p->size = size;
	}
	unsigned char *at = p->data + p->used;
	for (int i = 0; i < argc; i++) {
		int64_t n = sqlite3_value_int64(argv[i]);
		uint64_t v = (uint64_t)n << 1 ^ (uint64_t)(n >> 63); // as Go's binary.Varint reads it
		for (; v > 127; v >>= 7) *at++ = (unsigned char)(v | 128);
		*at++ = (unsigned char)v;
	}
	p->used = (uint64_t)(at - p->data);
}

static void final(sqlite3_context *ctx) {
	packed *p = sqlite3_aggregate_context(ctx, 0);
	if (!p) return; // no row: NULL
	if (p->failed) {
		sqlite3_free(p->data);
		sqlite3_result_error_nomem(ctx);
		return;
	}
	sqlite3_result_blob64(ctx, p->data, p->used, sqlite3_free);
}

static int extend(sqlite3 *db, char **err, const void *api) {
	return sqlite3_create_function_v2(db, "packed_numbers", -1, UTF8 | DETERMINISTIC, 0, 0, step, final, 0);
}

// callsift_packed_numbers adds the function to all connections opened from now on.
int callsift_packed_numbers(void) { return sqlite3_auto_extension((void (*)(void))extend); }
