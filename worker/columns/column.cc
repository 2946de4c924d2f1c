#include "worker/columns/column.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "common/check.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

double HalfToDouble(uint16_t half) {
  const int exponent = half >> 10 & 0x1f;
  const double mantissa = half & 0x3ff;
  const double sign = half >> 15 != 0 ? -1 : 1;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  if (exponent == 0x1f) return mantissa != 0 ? std::nan("") : sign * HUGE_VAL;
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

__extension__ using Int128 = __int128;

Int128 DigitsOf(const uint64_t* words) {  // low, high
  return static_cast<Int128>(static_cast<int64_t>(words[1])) * (static_cast<Int128>(1) << 64) +
         static_cast<Int128>(words[0]);
}

}  // namespace

ValueColumn::Storage ValueColumn::StorageOf(std::string_view format) {
  constexpr std::pair<const char*, Storage> kStorages[] = {
      {"b", Storage::kBits},    {"c", Storage::kInt8},    {"s", Storage::kInt16},
      {"i", Storage::kInt32},   {"l", Storage::kInt64},   {"C", Storage::kUint8},
      {"S", Storage::kUint16},  {"I", Storage::kUint32},  {"L", Storage::kUint64},
      {"e", Storage::kFloat16}, {"f", Storage::kFloat32}, {"g", Storage::kFloat64},
      {"u", Storage::kEnds32},  {"z", Storage::kEnds32},  {"U", Storage::kEnds64},
      {"Z", Storage::kEnds64},  {"+l", Storage::kEnds32}, {"+m", Storage::kEnds32},
      {"+L", Storage::kEnds64}, {"tdD", Storage::kInt32}, {"tdm", Storage::kInt64}};
  for (const auto& [known, storage] : kStorages) {
    if (format == known) return storage;
  }
  if (format.starts_with("ts")) return Storage::kInt64;
  if (format.starts_with("d:")) return Storage::kDecimal128;
  if (format.starts_with("w:") || format.starts_with("+w:")) return Storage::kFixedWidth;
  return Storage::kNone;
}

ValueColumn ValueColumn::Of(const ArrowSchema& field, const ArrowArray& array) {
  const ColumnType type = TypeOfField(field);
  CHECK(type.kind != ValueKind::kUnsupported, type.name);
  ValueColumn column;
  column.kind_ = type.kind;
  column.list_ = type.is_list();
  column.storage_ = StorageOf(field.format);
  column.offset_ = array.offset;
  column.TakeBuffers(field.format, array);
  if (type.kind == ValueKind::kTime) column.unit_ = TimeUnitOf(field.format);
  if (field.dictionary != nullptr) {
    column.dictionary_ = std::make_shared<ValueColumn>(Of(*field.dictionary, *array.dictionary));
  } else if (column.list_) {
    column.TakeElements(*field.children[0], *array.children[0]);
  }
  column.may_miss_otherwise_ = type.kind == ValueKind::kNothing || field.dictionary != nullptr;
  return column;
}

void ValueColumn::TakeBuffers(std::string_view format, const ArrowArray& array) {
  if (array.n_buffers > 0 && array.null_count != 0) {
    there_ = static_cast<const uint8_t*>(array.buffers[0]);
  }
  if (array.n_buffers > 1) values_ = array.buffers[1];
  if (array.n_buffers > 2) bytes_ = static_cast<const char*>(array.buffers[2]);
  if (storage_ == Storage::kFixedWidth) {
    width_ = ParseInt64(format.substr(format.find(':') + 1)).value_or(0);
    bytes_ = static_cast<const char*>(values_);
  }
  if (storage_ == Storage::kDecimal128) {
    scale_ = ParseInt64(format.substr(format.find(',') + 1)).value_or(0);
    divisor_ = std::pow(10.0, static_cast<double>(scale_));
  }
}

void ValueColumn::TakeElements(const ArrowSchema& element, const ArrowArray& values) {
  if (std::strcmp(element.format, "+s") != 0) {
    children_.push_back(Of(element, values));
    return;
  }
  // The fields of a struct begin where the struct does, and are missing where it is.
  for (int64_t i = 0; i < 2; ++i) {
    ValueColumn child = Of(*element.children[i], *values.children[i]);
    child.offset_ += values.offset;
    if (values.null_count != 0) child.pairs_there_ = static_cast<const uint8_t*>(values.buffers[0]);
    child.pairs_offset_ = values.offset;
    child.may_miss_otherwise_ |= child.pairs_there_ != nullptr;
    children_.push_back(std::move(child));
  }
}

ValueColumn ValueColumn::InMemory(ValueKind kind, Storage storage, const void* values) {
  ValueColumn column;
  column.kind_ = kind;
  column.storage_ = storage;
  column.values_ = values;
  column.may_miss_otherwise_ = false;
  return column;
}

ValueColumn ValueColumn::OfIntegers(const int64_t* values) {
  return InMemory(ValueKind::kInteger, Storage::kInt64, values);
}

ValueColumn ValueColumn::OfFloats(const float* values) {
  return InMemory(ValueKind::kNumber, Storage::kFloat32, values);
}

ValueColumn ValueColumn::OfTexts(const int64_t* ends, const char* bytes) {
  ValueColumn column = InMemory(ValueKind::kText, Storage::kEnds64, ends);
  column.bytes_ = bytes;
  return column;
}

ValueColumn ValueColumn::OfLists(const int64_t* ends, ValueColumn elements) {
  ValueColumn column = InMemory(elements.kind_, Storage::kEnds64, ends);
  column.list_ = true;
  column.children_.push_back(std::move(elements));
  return column;
}

bool ValueColumn::MissesOtherwise(int64_t row) const {
  if (kind_ == ValueKind::kNothing && !list_) return true;
  if (pairs_there_ != nullptr && !BitOf(pairs_there_, pairs_offset_ + row)) return true;
  return dictionary_ != nullptr && dictionary_->missing(Whole(row));
}

int64_t ValueColumn::WholeOfAnyWidth(int64_t row) const {
  switch (storage_) {
    case Storage::kInt8:
      return At<int8_t>(row);
    case Storage::kInt16:
      return At<int16_t>(row);
    case Storage::kInt32:
      return At<int32_t>(row);
    case Storage::kUint8:
      return At<uint8_t>(row);
    case Storage::kUint16:
      return At<uint16_t>(row);
    case Storage::kUint32:
      return At<uint32_t>(row);
    case Storage::kInt64:
    case Storage::kUint64:  // the same bits
      return At<int64_t>(row);
    case Storage::kNone:
    case Storage::kBits:
    case Storage::kFloat16:
    case Storage::kFloat32:
    case Storage::kFloat64:
    case Storage::kDecimal128:
    case Storage::kEnds32:
    case Storage::kEnds64:
    case Storage::kFixedWidth:
      break;
  }
  CHECK(false, "no integers: ", storage_);
}

bool ValueColumn::Bool(int64_t row) const {
  return dictionary_ != nullptr ? dictionary_->Bool(Whole(row)) : BitOf(values_, offset_ + row);
}

uint64_t ValueColumn::Unsigned(int64_t row) const {
  return dictionary_ != nullptr ? dictionary_->Unsigned(Whole(row))
                                : static_cast<uint64_t>(Whole(row));
}

double ValueColumn::Number(int64_t row) const {
  if (dictionary_ != nullptr) return dictionary_->Number(Whole(row));
  switch (storage_) {
    case Storage::kFloat16:
      return HalfToDouble(At<uint16_t>(row));
    case Storage::kFloat32:
      return static_cast<double>(At<float>(row));
    case Storage::kFloat64:
      return At<double>(row);
    case Storage::kDecimal128:
      return Decimal(row);
    case Storage::kUint64:
      return static_cast<double>(At<uint64_t>(row));
    case Storage::kInt8:
    case Storage::kInt16:
    case Storage::kInt32:
    case Storage::kInt64:
    case Storage::kUint8:
    case Storage::kUint16:
    case Storage::kUint32:
      CHECK(kind_ == ValueKind::kInteger || kind_ == ValueKind::kUnsigned, kind_);
      return static_cast<double>(Whole(row));
    case Storage::kNone:
    case Storage::kBits:
    case Storage::kEnds32:
    case Storage::kEnds64:
    case Storage::kFixedWidth:
      break;
  }
  CHECK(false, "no numbers: ", storage_);
}

std::optional<int64_t> ValueColumn::decimal_scale() const {
  if (dictionary_ != nullptr) return dictionary_->decimal_scale();
  return storage_ == Storage::kDecimal128 ? std::optional<int64_t>(scale_) : std::nullopt;
}

std::array<uint64_t, 2> ValueColumn::NumberBits(int64_t row) const {
  if (dictionary_ != nullptr) return dictionary_->NumberBits(Whole(row));
  if (storage_ != Storage::kDecimal128) return {std::bit_cast<uint64_t>(Number(row)), 0};
  return {DecimalWords(row)[0], DecimalWords(row)[1]};
}

// Exact where the digits are below 2^53, as a text of these digits would be.
double ValueColumn::Decimal(int64_t row) const {
  return static_cast<double>(DigitsOf(DecimalWords(row))) / divisor_;
}

std::optional<ValueColumn::Integer64> ValueColumn::IntegerOfDecimal(int64_t row) const {
  if (dictionary_ != nullptr) return dictionary_->IntegerOfDecimal(Whole(row));
  Int128 digits = DigitsOf(DecimalWords(row));
  for (int64_t i = 0; i < scale_ && digits != 0; ++i) {
    if (digits % 10 != 0) return std::nullopt;
    digits /= 10;
  }
  for (int64_t i = scale_; i < 0; ++i) {  // -scale_ zeros follow the digits, before the point
    if (__builtin_mul_overflow(digits, 10, &digits)) return std::nullopt;
  }
  if (digits < std::numeric_limits<int64_t>::min() ||
      digits > std::numeric_limits<uint64_t>::max()) {
    return std::nullopt;
  }
  return Integer64{static_cast<uint64_t>(digits), digits < 0};
}

int64_t ValueColumn::Seconds(int64_t row, bool* rounded) const {
  if (dictionary_ != nullptr) return dictionary_->Seconds(Whole(row), rounded);
  const int64_t ticks = Whole(row);
  *rounded = false;
  if (unit_.seconds > 0) return ticks * unit_.seconds;
  const int64_t rest = ticks % unit_.per_second;
  *rounded = rest != 0;
  return ticks / unit_.per_second - (rest < 0 ? 1 : 0);
}

std::string_view ValueColumn::Text(int64_t row) const {
  if (dictionary_ != nullptr) return dictionary_->Text(Whole(row));
  const Span at = Ends(row);
  return {bytes_ + at.begin, static_cast<size_t>(at.size())};
}

ValueColumn::Span ValueColumn::List(int64_t row) const { return missing(row) ? Span() : Ends(row); }

ValueColumn::Span ValueColumn::Ends(int64_t row) const {
  switch (storage_) {
    case Storage::kEnds32:
      return {At<int32_t>(row), At<int32_t>(row + 1)};
    case Storage::kEnds64:
      return {At<int64_t>(row), At<int64_t>(row + 1)};
    case Storage::kFixedWidth:
      return {(offset_ + row) * width_, (offset_ + row + 1) * width_};
    case Storage::kNone:
    case Storage::kBits:
    case Storage::kInt8:
    case Storage::kInt16:
    case Storage::kInt32:
    case Storage::kInt64:
    case Storage::kUint8:
    case Storage::kUint16:
    case Storage::kUint32:
    case Storage::kUint64:
    case Storage::kFloat16:
    case Storage::kFloat32:
    case Storage::kFloat64:
    case Storage::kDecimal128:
      break;
  }
  CHECK(false, "no texts or lists: ", storage_);
}

}  // namespace chorus::worker
