#pragma once
// What libchorus_arrow.so (worker/arrow) and the program say to each other: C functions and
// structs, so that the library may be built by another compiler, with another C++ ABI and any
// Arrow. Columns cross as arrow_abi.h has them. A function returns 0, or another number when it has
// failed; its object then says why. Nothing throws. Thread safety: none, except that many threads
// may call `read` of one input or object at once, and open and list objects.

#include <cstddef>
#include <cstdint>

#include "worker/columns/arrow_abi.h"

extern "C" {

// A file, as the program reads it: Arrow opens none itself.
struct ChorusArrowInput {
  void* context;
  int64_t bytes;
  // Reads bytes [offset, offset + bytes) into `out`.
  int (*read)(void* context, int64_t offset, int64_t bytes, void* out);
};

enum ChorusArrowFormat { CHORUS_ARROW_PARQUET = 1, CHORUS_ARROW_ORC = 2 };

// An open file, filled by ChorusArrowOpen.
struct ChorusArrowFile {
  int64_t rows;
  // All columns, as the fields of one struct.
  int (*get_schema)(struct ChorusArrowFile*, struct ArrowSchema* out);
  // Makes a stream of the rows of some columns (places in the schema, ascending), batch_rows of
  // them at a time. There is at least one column; the stream ends before the file is released.
  int (*get_stream)(struct ChorusArrowFile*, const int32_t* columns, int32_t count,
                    int32_t batch_rows, struct ArrowArrayStream* out);
  const char* (*get_last_error)(struct ChorusArrowFile*);
  void (*release)(struct ChorusArrowFile*);
  void* private_data;
};

// `input` must outlive the file. threads: the number that decodes columns side by side; 1 = the
// caller's alone. error: gets the reason of a failure, ended by 0.
typedef int ChorusArrowOpenFunction(const struct ChorusArrowInput* input, int32_t format,
                                    int32_t threads, struct ChorusArrowFile* out, char* error,
                                    size_t error_bytes);

// What a failed call on objects returns.
enum ChorusArrowObjectError {
  CHORUS_ARROW_FAILED = 1,
  CHORUS_ARROW_NO_SUCH_OBJECT = 2,
  CHORUS_ARROW_CHANGED = 3,  // it is not the object that was opened
};

// An open object of S3 or the like, filled by ChorusArrowOpenObject.
struct ChorusArrowObject {
  int64_t bytes;
  const char* state;  // an object whose state is another one has changed
  // Reads bytes [offset, offset + bytes), which the object has, into `out`.
  int (*read)(struct ChorusArrowObject*, int64_t offset, int64_t bytes, void* out, char* error,
              size_t error_bytes);
  void (*release)(struct ChorusArrowObject*);
  void* private_data;
};

struct ChorusArrowObjectOptions {
  int32_t blocks_ahead;    // asked for ahead of a reader; then one thread reads, in order
  double timeout_seconds;  // of every request
  const char* state;       // the state that the object must have; "" = any
};

typedef int ChorusArrowOpenObjectFunction(const char* uri,
                                          const struct ChorusArrowObjectOptions* options,
                                          struct ChorusArrowObject* out, char* error,
                                          size_t error_bytes);

// Hands the objects below a URI to `take`, as paths below it in the order of their names; "" where
// it names an object itself.
typedef int ChorusArrowListObjectsFunction(const char* uri, double timeout_seconds, void* context,
                                           void (*take)(void* context, const char* path),
                                           char* error, size_t error_bytes);

// Where the bytes of a file that is written go, in order.
struct ChorusArrowOutput {
  void* context;
  int (*write)(void* context, const void* data, int64_t bytes);
};

// A file of Parquet, filled by ChorusArrowOpenWriter.
struct ChorusArrowWriter {
  // Writes some more rows, given as a struct of all columns, and releases the struct.
  int (*write)(struct ChorusArrowWriter*, struct ArrowArray* rows);
  int (*finish)(struct ChorusArrowWriter*);  // once, behind all rows
  const char* (*get_last_error)(struct ChorusArrowWriter*);
  void (*release)(struct ChorusArrowWriter*);
  void* private_data;
};

// schema: the columns, as the fields of one struct; it is released. What output->context points to
// outlives the writer.
typedef int ChorusArrowOpenWriterFunction(const struct ChorusArrowOutput* output,
                                          struct ArrowSchema* schema, struct ChorusArrowWriter* out,
                                          char* error, size_t error_bytes);

}  // extern "C"

namespace chorus::worker {

// The library exports these: the kArrowInterface (arrow_fingerprint.h) that it was built with, a
// string that ends with 0, and a function of each type above.
inline constexpr char kArrowInterfaceSymbol[] = "ChorusArrowInterface";
inline constexpr char kArrowOpenSymbol[] = "ChorusArrowOpen";
inline constexpr char kArrowOpenObjectSymbol[] = "ChorusArrowOpenObject";
inline constexpr char kArrowOpenWriterSymbol[] = "ChorusArrowOpenWriter";
inline constexpr char kArrowListObjectsSymbol[] = "ChorusArrowListObjects";

}  // namespace chorus::worker
