#pragma once
// How an export stores the rows of tables: as float32, or in fewer bits (ExportRows in
// common/export.proto). Loaders turn them into float32 again.
//
//   FP16  TABLE.weights.f16    [rows, dim]  the nearest half float, of two equally near the even one
//   INT8  TABLE.weights.i8     [rows, dim]  the nearest integer to weight / scale, likewise
//         TABLE.scales.f32     [rows, 1]    max |weight| / 127 of the row; 0: all weights are 0, or
//                                           at most 127 * 2^-150, and become 0
//
// Thread safety: pure functions; an ExportArrays belongs to one thread.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/export.pb.h"
#include "common/key.h"
#include "common/status.h"
#include "launch/serving/export_files.h"

namespace chorus::launch {

// FORM_UNSPECIFIED means float32.
using RowForm = ExportRows::Form;
// "float32", "FP16", "INT8"
std::string NameOfForm(RowForm form);
inline RowForm FormOf(const ExportManifest& manifest) { return manifest.rows().form(); }

uint16_t HalfOf(float x);  // infinite beyond the largest half
float FloatOfHalf(uint16_t half);

// An array that holds the rows of a table, or a part of each row.
struct RowArray {
  std::string file;
  const char* type;
  uint64_t cols;
  uint64_t row_bytes;
};
std::vector<RowArray> RowArraysOf(RowForm form, const std::string& table, uint64_t dim);

// The rows of a table as they are stored.
struct StoredRows {
  std::vector<RowArray> described;
  std::vector<Key> keys;
  std::vector<std::string> arrays;  // [described], the bytes of each
};

// Appends a row. Error: kInvalidArgument, which names the key but not the table, when a weight is
// not finite or too large for the form. *rows is then of no more use.
Status AppendRow(RowForm form, Key key, std::span<const float> weights, StoredRows* rows);

// Errors: those of ExportArrays; kDataLoss when there are not as many rows as keys.
Result<StoredRows> ReadStoredRows(RowForm form, const std::string& table, uint64_t dim,
                                  ExportArrays* arrays);
// [rows, dim]
std::vector<float> WeightsOf(RowForm form, uint64_t dim, const StoredRows& rows);

}  // namespace chorus::launch
