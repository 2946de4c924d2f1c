#pragma once
// What libchorus_arrow.so (worker/arrow) and the program say to each other: C functions and
// structs, so that the library may be built by another compiler, with another C++ ABI and any
// Arrow. Columns cross as arrow_abi.h has them. A function returns 0, or a number that is not when
// it failed; its object then says why. Nothing throws. Thread safety: none, but `read` of an input,
// which many threads may call at once.

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
  // The rows of some columns (places in the schema, ascending), batch_rows of them at a time. At
  // least one column; the stream ends before the file is released.
  int (*get_stream)(struct ChorusArrowFile*, const int32_t* columns, int32_t count,
                    int32_t batch_rows, struct ArrowArrayStream* out);
  const char* (*get_last_error)(struct ChorusArrowFile*);
  void (*release)(struct ChorusArrowFile*);
  void* private_data;
};

// `input` must outlive the file. threads: that decode columns side by side; 1 = the caller's alone.
// error: where the reason goes when it fails, ended by 0.
typedef int ChorusArrowOpenFunction(const struct ChorusArrowInput* input, int32_t format,
                                    int32_t threads, struct ChorusArrowFile* out, char* error,
                                    size_t error_bytes);

}  // extern "C"

namespace chorus::worker {

// The library exports these: the kArrowInterface (arrow_fingerprint.h) that it was built with, a
// string that ends with 0, and a ChorusArrowOpenFunction.
inline constexpr char kArrowInterfaceSymbol[] = "ChorusArrowInterface";
inline constexpr char kArrowOpenSymbol[] = "ChorusArrowOpen";

}  // namespace chorus::worker
