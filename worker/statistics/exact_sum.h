#pragma once
// The exact sum of doubles that are not negative, rounded once, when it is read: the nearest double
// to the true sum. So it does not depend on the order of the terms, nor on how they are divided
// among threads or workers. A sum of doubles in some order differs from it in the last digits.
// Memory: half a kilobyte. Thread safety: none.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/status.h"

namespace chorus::worker {

class ExactSum {
 public:
  // REQUIRES: x is finite, and not negative.
  void Add(double x);
  void Merge(const ExactSum& other);
  // Ties go to the even double; infinite where the sum is above the largest one.
  double value() const;

  void AppendTo(std::string* out) const;
  // Reads from the front of *in what AppendTo wrote. Error: kDataLoss.
  static Result<ExactSum> Take(std::string_view* in);

 private:
  // The lowest bit of a double is 2^-1074, its highest 2^1023; two digits more hold the carries of
  // 2^64 terms.
  static constexpr size_t kDigits = (1074 + 1024) / 32 + 3;
  void Carry();

  // The sum is that of digits_[i] * 2^(32 i - 1074). A digit may exceed 2^32 until Carry is called.
  std::array<uint64_t, kDigits> digits_{};
  uint32_t terms_ = 0;  // since the last Carry: each adds less than 2^32 to a digit
};

}  // namespace chorus::worker
