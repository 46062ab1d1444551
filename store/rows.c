//go:build !plainrows

// The table-valued function packed_rows(data): the rows that rowBuffer packed,
// so that one INSERT ... SELECT with one argument stores a thousand of them.
//
// Why C, measured on rows of table attempt, 2 cores under load: through
// database/sql, 50 rows an INSERT, 5.0 us a row, four fifths of it in binding
// 19 arguments one cgo call each; a C loop of bind and step over one prepared
// INSERT 1.9 us; this 1.3 us, because no statement is started for a row.
// The plain way is in rows_plain.go (build tag plainrows).
//
// go-sqlite3 compiles SQLite into the program, so its functions are there to
// link with; its header is not, so what is used of it is declared here. All of
// it is SQLite's stable binary interface (sqlite.org/vtab.html).

#include <stdint.h>
#include <string.h>

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_context sqlite3_context;
typedef struct sqlite3_value sqlite3_value;
typedef struct module module;

typedef struct {
	const module *module;
	int refs;
	char *error;
} table;

typedef struct {
	table *table;
} cursor;

typedef struct {
	int constraints;
	const struct {
		int column;
		unsigned char op, usable;
		int term;
	} *constraint;
	int orders;
	const void *order;
	struct {
		int argv;
		unsigned char omit;
	} *usage;
	int number;
	char *text;
	int free_text, ordered;
	double cost;
	int64_t rows;
	int flags;
	uint64_t used;
} index_info;

struct module {
	int version;
	int (*create)(sqlite3 *, void *, int, const char *const *, table **, char **);
	int (*connect)(sqlite3 *, void *, int, const char *const *, table **, char **);
	int (*best_index)(table *, index_info *);
	int (*disconnect)(table *);
	int (*destroy)(table *);
	int (*open)(table *, cursor **);
	int (*close)(cursor *);
	int (*filter)(cursor *, int, const char *, int, sqlite3_value **);
	int (*next)(cursor *);
	int (*eof)(cursor *);
	int (*column)(cursor *, sqlite3_context *, int);
	int (*rowid)(cursor *, int64_t *);
	void *unused[16]; // writing, transactions, savepoints
};

extern int sqlite3_auto_extension(void (*)(void));
extern int sqlite3_create_module_v2(sqlite3 *, const char *, const module *, void *, void (*)(void *));
extern int sqlite3_create_function_v2(sqlite3 *, const char *, int, int, void *, void (*)(sqlite3_context *, int, sqlite3_value **),
	void (*)(sqlite3_context *, int, sqlite3_value **), void (*)(sqlite3_context *), void (*)(void *));
extern int sqlite3_declare_vtab(sqlite3 *, const char *);
extern void *sqlite3_malloc64(uint64_t);
extern void *sqlite3_realloc64(void *, uint64_t);
extern void sqlite3_free(void *);
extern void *sqlite3_user_data(sqlite3_context *);
extern void *sqlite3_aggregate_context(sqlite3_context *, int);
extern int sqlite3_value_type(sqlite3_value *);
extern long long sqlite3_value_int64(sqlite3_value *);
extern const unsigned char *sqlite3_value_text(sqlite3_value *);
extern void sqlite3_result_error_nomem(sqlite3_context *);
extern void sqlite3_result_error_toobig(sqlite3_context *);
extern const void *sqlite3_value_blob(sqlite3_value *);
extern int sqlite3_value_bytes(sqlite3_value *);
extern void sqlite3_result_int64(sqlite3_context *, long long);
extern void sqlite3_result_text(sqlite3_context *, const char *, int, void (*)(void *));
extern void sqlite3_result_blob(sqlite3_context *, const void *, int, void (*)(void *));

enum { OK = 0, NOMEM = 7, CORRUPT = 11, CONSTRAINT = 19, OP_EQ = 2, INTEGER = 1, UTF8 = 1, DIRECTONLY = 0x80000 };
enum { COLUMNS = 32 }; // most that a row may have; the declaration in connect names as many

// rows is a cursor over one packed buffer, of which it keeps a copy.
typedef struct {
	cursor base;
	unsigned char *data;
	const unsigned char *at, *end;
	int width;             // columns of a row
	int64_t row;           // 1-based
	int done;
	uint64_t head[COLUMNS]; // kind and number or length, as packed
	const unsigned char *body[COLUMNS];
} rows;

// varint reads an unsigned LEB128 number; NULL where the buffer ends in it.
static const unsigned char *varint(const unsigned char *p, const unsigned char *end, uint64_t *out) {
	uint64_t v = 0;
	for (int shift = 0; p < end && shift < 64; shift += 7) {
		unsigned char c = *p++;
		v |= (uint64_t)(c & 127) << shift;
		if (c < 128) {
			*out = v;
			return p;
		}
	}
	return 0;
}

static int connect(sqlite3 *db, void *aux, int argc, const char *const *argv, table **out, char **err) {
	int rc = sqlite3_declare_vtab(db,
		"CREATE TABLE x (c0,c1,c2,c3,c4,c5,c6,c7,c8,c9,c10,c11,c12,c13,c14,c15,"
		"c16,c17,c18,c19,c20,c21,c22,c23,c24,c25,c26,c27,c28,c29,c30,c31,data HIDDEN)");
	if (rc != OK) return rc;
	if (!(*out = sqlite3_malloc64(sizeof **out))) return NOMEM;
	memset(*out, 0, sizeof **out);
	return OK;
}

static int disconnect(table *t) {
	sqlite3_free(t);
	return OK;
}

static int best_index(table *t, index_info *x) {
	for (int i = 0; i < x->constraints; i++) {
		if (x->constraint[i].column == COLUMNS && x->constraint[i].op == OP_EQ && x->constraint[i].usable) {
			x->usage[i].argv = 1;
			x->usage[i].omit = 1;
			x->cost = 1;
			return OK;
		}
	}
	return CONSTRAINT; // there are no rows without the argument
}

static int open(table *t, cursor **out) {
	rows *r = sqlite3_malloc64(sizeof *r);
	if (!r) return NOMEM;
	memset(r, 0, sizeof *r);
	*out = &r->base;
	return OK;
}

static int close(cursor *c) {
	sqlite3_free(((rows *)c)->data);
	sqlite3_free(c);
	return OK;
}

static int next(cursor *c) {
	rows *r = (rows *)c;
	const unsigned char *p = r->at;
	if (p == r->end) {
		r->done = 1;
		return OK;
	}
	for (int i = 0; i < r->width; i++) {
		uint64_t h;
		if (!(p = varint(p, r->end, &h))) return CORRUPT;
		uint64_t n = (h & 3) == 0 ? 0 : (h & 3) == 3 ? 8 : h >> 2;
		if (n > (uint64_t)(r->end - p)) return CORRUPT;
		r->head[i] = h;
		r->body[i] = p;
		p += n;
	}
	r->at = p;
	r->row++;
	return OK;
}

static int filter(cursor *c, int number, const char *text, int argc, sqlite3_value **argv) {
	rows *r = (rows *)c;
	const void *data = sqlite3_value_blob(argv[0]);
	int n = sqlite3_value_bytes(argv[0]);
	sqlite3_free(r->data);
	memset((char *)r + sizeof r->base, 0, sizeof *r - sizeof r->base);
	if (!data || n < 1) {
		r->done = 1;
		return OK;
	}
	if (!(r->data = sqlite3_malloc64(n))) return NOMEM;
	memcpy(r->data, data, n);
	r->width = r->data[0];
	r->at = r->data + 1;
	r->end = r->data + n;
	if (r->width < 1 || r->width > COLUMNS) return CORRUPT;
	return next(c);
}

static int eof(cursor *c) { return ((rows *)c)->done; }

static int column(cursor *c, sqlite3_context *ctx, int i) {
	rows *r = (rows *)c;
	if (i >= r->width) return OK; // NULL
	uint64_t h = r->head[i];
	int64_t n;
	switch (h & 3) {
	case 0: // a signed number, zigzag
		sqlite3_result_int64(ctx, (int64_t)(h >> 3) ^ -(int64_t)(h >> 2 & 1));
		break;
	case 1: // no destructor: the text lives as long as the cursor, and is copied into the record before the next row
		sqlite3_result_text(ctx, (const char *)r->body[i], (int)(h >> 2), 0);
		break;
	case 2:
		sqlite3_result_blob(ctx, r->body[i], (int)(h >> 2), 0);
		break;
	default: // a number of 64 bits
		n = 0;
		for (int k = 7; k >= 0; k--) n = (int64_t)((uint64_t)n << 8 | r->body[i][k]);
		sqlite3_result_int64(ctx, n);
	}
	return OK;
}

static int rowid(cursor *c, int64_t *out) {
	*out = ((rows *)c)->row;
	return OK;
}

// No create: the function is there on every connection and in no schema.
static const module packed_rows = {
	.connect = connect, .best_index = best_index, .disconnect = disconnect, .open = open, .close = close,
	.filter = filter, .next = next, .eof = eof, .column = column, .rowid = rowid,
};

// The other way round, the aggregate pack_values(...): its arguments, numbers or
// texts, of all rows as one packed value. A row through database/sql costs some us;
// the 75,000 cells of a week's roll-up were half of the time of a report.

enum { PACKED_MOST = 900 << 20 }; // SQLite's own bound of a value is 10^9

typedef struct {
	unsigned char *data;
	uint64_t n, cap;
	int failed; // no memory
} packed;

static unsigned char *put(unsigned char *p, uint64_t v) {
	for (; v >= 128; v >>= 7) *p++ = (unsigned char)(v | 128);
	*p++ = (unsigned char)v;
	return p;
}

static void pack_step(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
	packed *to = sqlite3_aggregate_context(ctx, sizeof *to);
	if (!to || to->failed) return;
	for (int i = 0; i < argc; i++) {
		int number = sqlite3_value_type(argv[i]) == INTEGER;
		const unsigned char *text = number ? 0 : sqlite3_value_text(argv[i]);
		int size = number || !text ? 0 : sqlite3_value_bytes(argv[i]);
		if (to->cap - to->n < (uint64_t)size + 10) {
			uint64_t cap = 2 * to->cap + size + 4096;
			unsigned char *data = cap > PACKED_MOST ? 0 : sqlite3_realloc64(to->data, cap);
			if (!data) {
				to->failed = 1;
				return;
			}
			to->data = data;
			to->cap = cap;
		}
		unsigned char *p = to->data + to->n;
		if (!number) {
			p = put(p, (uint64_t)size << 2 | 1);
			if (size) memcpy(p, text, size);
			p += size;
		} else {
			int64_t n = sqlite3_value_int64(argv[i]);
			if (n >= (int64_t)1 << 60 || n < -((int64_t)1 << 60)) {
				*p++ = 3;
				for (int k = 0; k < 8; k++) *p++ = (unsigned char)((uint64_t)n >> 8 * k);
			} else {
				p = put(p, ((uint64_t)n << 1 ^ (uint64_t)(n >> 63)) << 2);
			}
		}
		to->n = p - to->data;
	}
}

static void pack_end(sqlite3_context *ctx) {
	packed *to = sqlite3_aggregate_context(ctx, 0);
	if (to && to->failed) {
		int big = to->cap > PACKED_MOST / 4;
		sqlite3_free(to->data);
		if (big) sqlite3_result_error_toobig(ctx);
		else sqlite3_result_error_nomem(ctx);
	} else if (to && to->data) {
		sqlite3_result_blob(ctx, to->data, (int)to->n, sqlite3_free);
	} else {
		sqlite3_result_blob(ctx, "", 0, 0);
	}
}

// keep_blob(data) appends a blob to memory that is used again, its size in 4 bytes (low
// first) before it, and kept_blobs() is the address of that. go-sqlite3 hands out each
// blob in fresh memory, and touching 15 MB of that for the first time was a fifth of a
// breakdown by caller.
typedef struct {
	unsigned char *data;
	uint64_t n, cap;
} kept;

static void keep_blob(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
	kept *k = sqlite3_user_data(ctx);
	const void *data = sqlite3_value_blob(argv[0]);
	uint64_t size = (uint64_t)sqlite3_value_bytes(argv[0]);
	if (size && !data) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	if (k->n + size > PACKED_MOST) {
		sqlite3_result_error_toobig(ctx);
		return;
	}
	if (k->cap - k->n < size + 4) {
		uint64_t cap = 2 * k->cap + size + 4096;
		unsigned char *more = sqlite3_realloc64(k->data, cap);
		if (!more) {
			sqlite3_result_error_nomem(ctx);
			return;
		}
		k->data = more;
		k->cap = cap;
	}
	for (int i = 0; i < 4; i++) k->data[k->n + i] = (unsigned char)(size >> 8 * i);
	if (size) memcpy(k->data + k->n + 4, data, size);
	k->n += size + 4;
	sqlite3_result_int64(ctx, (long long)size);
}

static void kept_blobs(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
	sqlite3_result_int64(ctx, (long long)(intptr_t)sqlite3_user_data(ctx));
}

static void forget(void *k) {
	sqlite3_free(((kept *)k)->data);
	sqlite3_free(k);
}

// callsift_kept is what was kept since the last call with the address that kept_blobs
// gave. It must not be called when the connection is closed.
unsigned char *callsift_kept(long long at, long long *n) {
	kept *k = (kept *)(intptr_t)at;
	*n = (long long)k->n;
	k->n = 0;
	return k->data;
}

static int extend(sqlite3 *db, char **err, const void *api) {
	kept *k = sqlite3_malloc64(sizeof *k);
	if (!k) return NOMEM;
	memset(k, 0, sizeof *k);
	int rc = sqlite3_create_function_v2(db, "keep_blob", 1, UTF8 | DIRECTONLY, k, keep_blob, 0, 0, forget); // also after an error
	if (rc == OK) rc = sqlite3_create_function_v2(db, "kept_blobs", 0, UTF8 | DIRECTONLY, k, kept_blobs, 0, 0, 0);
	if (rc == OK) rc = sqlite3_create_module_v2(db, "packed_rows", &packed_rows, 0, 0);
	if (rc == OK) rc = sqlite3_create_function_v2(db, "pack_values", -1, UTF8, 0, 0, pack_step, pack_end, 0);
	return rc;
}

#ifdef __GLIBC__
#include <malloc.h>
#endif

#ifdef __linux__
#include <sys/mman.h>

extern int sqlite3_config(int, ...);

// callsift_huge_cache gives SQLite a page cache on huge pages; pages_linux.go says why.
// It is as large as that of one connection; what is over it comes from malloc. It must be
// called once, before SQLite is used.
void callsift_huge_cache(void) {
	enum { PAGECACHE = 7, HUGE = 2 << 20, SIZE = 2 * HUGE, SLOT = 16384 + 512 };
	char *p = mmap(0, SIZE + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) return;
	p = (char *)(((uintptr_t)p + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
	madvise(p, SIZE, MADV_HUGEPAGE);
	sqlite3_config(PAGECACHE, p, SLOT, SIZE / SLOT); // refused where SQLite is in use: then it stays as it was
}
#else
void callsift_huge_cache(void) {}
#endif

#ifdef __GLIBC__
// SQLite asks for memory on whichever thread Go runs the caller on. With an arena a
// thread, some megabytes lay idle in those of the others; so there is one, from before the
// first thread on. And it keeps what is free: each buffer of rows is copied into memory
// of its own, and giving that back to the system each time (with a word to the other
// processors) was a twentieth of an import's CPU time.
__attribute__((constructor)) static void one_arena(void) {
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TRIM_THRESHOLD, 16 << 20);
	mallopt(M_MMAP_THRESHOLD, 4 << 20); // its default while the other stands is 128 KiB
	mallopt(M_TOP_PAD, 512 << 10);
}
#endif

// callsift_packed_rows adds these functions to all connections opened from now on.
int callsift_packed_rows(void) { return sqlite3_auto_extension((void (*)(void))extend); }
