#include "launch/serving/row_form.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "common/check.h"
#include "common/export_format.h"
#include "common/proto_enum.h"
#include "common/strings.h"

namespace chorus::launch {
namespace {

constexpr float kLargestInt8 = 127;

// Rounds to the nearest integer (the even one of two that are equally near), whatever the rounding
// mode is.
int32_t NearestEven(float x) {
  const float below = std::floor(x);
  const float rest = x - below;
  const auto integer = static_cast<int32_t>(below);
  if (rest != 0.5f) return rest < 0.5f ? integer : integer + 1;
  return integer % 2 == 0 ? integer : integer + 1;
}

template <typename T>
void AppendValue(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <typename T>
T ValueAt(std::string_view bytes, size_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

Status AppendHalves(Key key, std::span<const float> weights, std::string* out) {
  for (const float weight : weights) {
    const uint16_t half = HalfOf(weight);
    if ((half & 0x7fff) >= 0x7c00) {
      return InvalidArgument(StrCat("key ", key, ": the weight ", weight,
                                    " is beyond FP16, whose largest number is 65504; "
                                    "INT8 and float32 hold it"));
    }
    AppendValue(half, out);
  }
  return Status::Ok();
}

void AppendInt8s(std::span<const float> weights, StoredRows* rows) {
  float largest = 0;
  for (const float weight : weights) largest = std::max(largest, std::abs(weight));
  const float scale = largest / kLargestInt8;
  for (const float weight : weights) {
    const float q = scale > 0 ? std::clamp(weight / scale, -kLargestInt8, kLargestInt8) : 0.0f;
    AppendValue(static_cast<int8_t>(NearestEven(q)), &rows->arrays[0]);
  }
  AppendValue(scale, &rows->arrays[1]);
}

}  // namespace

std::string NameOfForm(RowForm form) {
  return form == ExportRows::FORM_UNSPECIFIED ? "float32" : ExportRows::Form_Name(form);
}

uint16_t HalfOf(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x7f800000) {  // infinite, or no number
    return static_cast<uint16_t>(sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00));
  }
  if (magnitude < 0x38800000) {  // below 2^-14: multiples of 2^-24
    const float steps = std::bit_cast<float>(magnitude) * 0x1p24f;
    return static_cast<uint16_t>(sign | NearestEven(steps));
  }
  // 13 bits of the fraction go; carries go on into the exponent, and up to infinity.
  const uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
  if (rounded >= 0x47800000) return static_cast<uint16_t>(sign | 0x7c00);
  return static_cast<uint16_t>(sign | (rounded - 0x38000000) >> 13);
}

float FloatOfHalf(uint16_t half) {
  const uint32_t sign = uint32_t{half & 0x8000u} << 16;
  const uint32_t exponent = half >> 10 & 31, fraction = half & 0x3ffu;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000 | fraction << 13);
  if (exponent > 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
}

std::vector<RowArray> RowArraysOf(RowForm form, const std::string& table, uint64_t dim) {
  switch (form) {
    case ExportRows::FP16:
      return {{table + kExportHalvesEnd, kExportHalfType, dim, dim * sizeof(uint16_t)}};
    case ExportRows::INT8:
      return {{table + kExportInt8sEnd, kExportInt8Type, dim, dim * sizeof(int8_t)},
              {table + kExportScalesEnd, kExportWeightType, 1, sizeof(float)}};
    case ExportRows::FORM_UNSPECIFIED:
    case NO_VALUE_OF(ExportRows_Form_ExportRows_Form):
      break;
  }
  return {{ExportWeightsFile(table), kExportWeightType, dim, dim * sizeof(float)}};
}

Status AppendRow(RowForm form, Key key, std::span<const float> weights, StoredRows* rows) {
  CHECK(rows->arrays.size() == rows->described.size(), rows->arrays.size());
  for (const float weight : weights) {
    if (std::isfinite(weight)) continue;
    return InvalidArgument(StrCat("key ", key, ": the weight ", weight, " is not finite"));
  }
  if (form == ExportRows::FP16) {
    RETURN_IF_ERROR(AppendHalves(key, weights, &rows->arrays[0]));
  } else if (form == ExportRows::INT8) {
    AppendInt8s(weights, rows);
  } else {
    rows->arrays[0].append(reinterpret_cast<const char*>(weights.data()), weights.size_bytes());
  }
  rows->keys.push_back(key);
  return Status::Ok();
}

Result<StoredRows> ReadStoredRows(RowForm form, const std::string& table, uint64_t dim,
                                  ExportArrays* arrays) {
  StoredRows rows;
  ASSIGN_OR_RETURN(rows.keys, arrays->Keys(ExportKeysFile(table)));
  rows.described = RowArraysOf(form, table, dim);
  for (const RowArray& array : rows.described) {
    ASSIGN_OR_RETURN(std::string bytes,
                     arrays->Bytes(array.file, array.type, array.cols, array.row_bytes));
    if (bytes.size() != rows.keys.size() * array.row_bytes) {
      return DataLoss(StrCat(array.file, ": ", bytes.size() / array.row_bytes,
                             " rows; expected: ", rows.keys.size(), ", as there are keys"));
    }
    rows.arrays.push_back(std::move(bytes));
  }
  return rows;
}

std::vector<float> WeightsOf(RowForm form, uint64_t dim, const StoredRows& rows) {
  std::vector<float> weights(rows.keys.size() * dim);
  const std::string& stored = rows.arrays[0];
  for (size_t i = 0; i < weights.size(); ++i) {
    if (form == ExportRows::FP16) {
      weights[i] = FloatOfHalf(ValueAt<uint16_t>(stored, i));
    } else if (form == ExportRows::INT8) {
      weights[i] = ValueAt<int8_t>(stored, i) * ValueAt<float>(rows.arrays[1], i / dim);
    } else {
      weights[i] = ValueAt<float>(stored, i);
    }
  }
  return weights;
}

}  // namespace chorus::launch
