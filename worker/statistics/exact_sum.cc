#include "worker/statistics/exact_sum.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "common/check.h"

namespace chorus::worker {
namespace {

__extension__ typedef unsigned __int128 Bits128;
constexpr int kLowestBit = -1074;
constexpr uint64_t kSign = uint64_t{1} << 63;
constexpr uint64_t kHiddenBit = uint64_t{1} << 52;
constexpr uint64_t kDigitMask = 0xffffffff;
constexpr uint32_t kMaxTerms = 1u << 30;

}  // namespace

void ExactSum::Add(double x) {
  CHECK(std::isfinite(x) && x >= 0, "x=", x);
  // x = mantissa * 2^exponent, from the bits: threads that compute treat the smallest numbers as 0.
  const auto bits = std::bit_cast<uint64_t>(x) & ~kSign;
  const uint64_t fraction = bits & (kHiddenBit - 1);
  const bool is_normal = bits >= kHiddenBit;
  const uint64_t mantissa = is_normal ? fraction | kHiddenBit : fraction;
  const auto place = static_cast<uint32_t>(is_normal ? (bits >> 52) - 1 : 0);
  Bits128 shifted = Bits128{mantissa} << (place % 32);
  for (size_t i = place / 32; shifted != 0; ++i, shifted >>= 32) {
    digits_[i] += static_cast<uint64_t>(shifted) & kDigitMask;
  }
  if (++terms_ == kMaxTerms) Carry();
}

void ExactSum::Carry() {
  for (size_t i = 0; i + 1 < kDigits; ++i) {
    digits_[i + 1] += digits_[i] >> 32;
    digits_[i] &= kDigitMask;
  }
  terms_ = 0;
}

void ExactSum::Merge(const ExactSum& other) {
  ExactSum carried = other;
  carried.Carry();
  for (size_t i = 0; i < kDigits; ++i) digits_[i] += carried.digits_[i];
  if (++terms_ == kMaxTerms) Carry();
}

double ExactSum::value() const {
  ExactSum carried = *this;
  carried.Carry();
  const std::array<uint64_t, kDigits>& digits = carried.digits_;
  size_t top = kDigits - 1;
  while (top > 0 && digits[top] == 0) --top;
  // Three digits have at least 65 bits that count, 12 more than a double; one bit stands for all
  // that is below them, so that the conversion rounds as if it saw everything.
  const size_t last = top >= 2 ? top - 2 : 0;
  Bits128 bits = 0;
  for (size_t i = top + 1; i-- > last;) bits = bits << 32 | digits[i];
  if (top <= 1 && bits < 2 * kHiddenBit) {  // that many times 2^-1074, as doubles are made
    return std::bit_cast<double>(static_cast<uint64_t>(bits));
  }
  const bool more = std::any_of(digits.begin(), digits.begin() + static_cast<ptrdiff_t>(last),
                                [](uint64_t digit) { return digit != 0; });
  if (more) bits |= 1;
  return std::ldexp(static_cast<double>(bits), static_cast<int>(32 * last) + kLowestBit);
}

void ExactSum::AppendTo(std::string* out) const {
  ExactSum carried = *this;
  carried.Carry();
  out->append(reinterpret_cast<const char*>(carried.digits_.data()), sizeof(digits_));
}

Result<ExactSum> ExactSum::Take(std::string_view* in) {
  ExactSum sum;
  if (in->size() < sizeof(digits_)) return DataLoss("too short for an exact sum");
  std::memcpy(sum.digits_.data(), in->data(), sizeof(digits_));
  in->remove_prefix(sizeof(digits_));
  for (size_t i = 0; i < kDigits; ++i) {
    if (sum.digits_[i] > kDigitMask) return DataLoss("a digit of an exact sum is too large");
  }
  return sum;
}

}  // namespace chorus::worker
