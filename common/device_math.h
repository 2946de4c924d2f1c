#pragma once
// Arithmetic that g++ and nvcc both compile: exp, log and what losses are made of, for float and
// double. Exp and Log are our own, since libm picks its code by CPU: here the same input gives the
// same bits on every x86-64 machine. Float versions compute in double and round once. Accuracy:
// under 1 ulp in double for Exp and Log, a few ulp for what is built on them.
// Thread safety: pure functions.

#include <cstdint>
#include <cstring>

#if defined(__CUDACC__)
#define CHORUS_HD __host__ __device__
#else
#define CHORUS_HD
#endif

namespace chorus {

namespace internal {

CHORUS_HD inline uint64_t BitsOf(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof(bits));
  return bits;
}
CHORUS_HD inline double DoubleOf(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof(x));
  return x;
}

constexpr double kLn2High = 6.93147180369123816490e-01;
constexpr double kLn2Low = 1.90821492927058770002e-10;
constexpr double kInfinity = __builtin_huge_val();

// x * 2^k, k in [-1074, 1024], exact but for one rounding of denormals.
CHORUS_HD inline double ScaleByPowerOfTwo(double x, int k) {
  if (k > 1023) return x * DoubleOf(0x7fe0000000000000ULL) * 2.0;
  if (k < -1022) {
    const double part = x * DoubleOf(static_cast<uint64_t>(k + 54 + 1023) << 52);
    return part * 5.5511151231257827e-17;  // 2^-54
  }
  return x * DoubleOf(static_cast<uint64_t>(k + 1023) << 52);
}

// fdlibm's e_exp: x = k ln2 + r, |r| <= ln2 / 2, and a Remez rational function of r.
CHORUS_HD inline double ExpDouble(double x) {
  if (x != x) return x;
  if (x > 709.782712893383973096) return kInfinity;
  if (x < -745.13321910194110842) return 0.0;
  const int k = static_cast<int>(x * 1.44269504088896338700 + (x < 0 ? -0.5 : 0.5));
  const double high = x - k * kLn2High;
  const double low = k * kLn2Low;
  const double r = high - low;
  const double t = r * r;
  const double c =
      r - t * (1.66666666666666019037e-01 +
               t * (-2.77777777770155933842e-03 +
                    t * (6.61375632143793436117e-05 +
                         t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))));
  if (k == 0) return 1.0 - ((r * c) / (c - 2.0) - r);
  return ScaleByPowerOfTwo(1.0 - ((low - (r * c) / (2.0 - c)) - high), k);
}

// fdlibm's e_log: x = 2^k (1 + f), sqrt(2)/2 < 1 + f < sqrt(2), s = f / (2 + f).
CHORUS_HD inline double LogDouble(double x) {
  if (x != x || x == kInfinity) return x;
  if (x < 0) return kInfinity - kInfinity;
  if (x == 0) return -kInfinity;
  int k = 0;
  if (x < 2.2250738585072014e-308) {
    x *= 18014398509481984.0;  // 2^54
    k = -54;
  }
  uint64_t bits = BitsOf(x);
  k += static_cast<int>(bits >> 52) - 1023;
  bits = (bits & 0x000fffffffffffffULL) | 0x3ff0000000000000ULL;
  double m = DoubleOf(bits);
  if (m > 1.41421356237309514547) {
    m *= 0.5;
    k += 1;
  }
  const double f = m - 1.0;
  const double s = f / (2.0 + f);
  const double z = s * s;
  const double w = z * z;
  const double t1 = w * (3.999999999940941908e-01 +
                         w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
  const double t2 = z * (6.666666666666735130e-01 +
                         w * (2.857142874366239149e-01 +
                              w * (1.818357216161805012e-01 + w * 1.479819860510658591e-01)));
  const double r = t2 + t1;
  const double half_square = 0.5 * f * f;
  return k * kLn2High - ((half_square - (s * (half_square + r) + k * kLn2Low)) - f);
}

// log(1 + x) for x > -1: log(u) corrected by what rounding u = 1 + x lost (Goldberg 1991, theorem
// 4).
CHORUS_HD inline double Log1pDouble(double x) {
  const double u = 1.0 + x;
  if (u == 1.0) return x;
  if (u == kInfinity) return u;
  return LogDouble(u) * (x / (u - 1.0));
}

// exp(x) - 1 (Kahan): (u - 1) x / log(u), u = exp(x).
CHORUS_HD inline double Expm1Double(double x) {
  const double u = ExpDouble(x);
  if (u == 1.0) return x;
  const double minus_one = u - 1.0;
  if (minus_one == -1.0 || u == kInfinity) return minus_one;
  return minus_one * (x / LogDouble(u));
}

}  // namespace internal

template <typename T>
CHORUS_HD inline T Exp(T x) {
  return static_cast<T>(internal::ExpDouble(static_cast<double>(x)));
}
template <typename T>
CHORUS_HD inline T Log(T x) {
  return static_cast<T>(internal::LogDouble(static_cast<double>(x)));
}
template <typename T>
CHORUS_HD inline T Log1p(T x) {
  return static_cast<T>(internal::Log1pDouble(static_cast<double>(x)));
}
template <typename T>
CHORUS_HD inline T Expm1(T x) {
  return static_cast<T>(internal::Expm1Double(static_cast<double>(x)));
}

// sigma(x) = 1 / (1 + e^-x), never through a subtraction of near-equal numbers.
template <typename T>
CHORUS_HD inline T Sigmoid(T x) {
  if (x >= T(0)) return T(1) / (T(1) + Exp(-x));
  const T e = Exp(x);
  return e / (T(1) + e);
}

// sp(x) = log(1 + e^x).
template <typename T>
CHORUS_HD inline T Softplus(T x) {
  return x > T(0) ? x + Log1p(Exp(-x)) : Log1p(Exp(x));
}

// log(1 - e^x) for x < 0 (Maechler 2012).
template <typename T>
CHORUS_HD inline T Log1mExp(T x) {
  return x < T(-0.693147180559945309) ? Log1p(-Exp(x)) : Log(-Expm1(x));
}

template <typename T>
CHORUS_HD inline T Min(T a, T b) {
  return b < a ? b : a;
}
template <typename T>
CHORUS_HD inline T Max(T a, T b) {
  return a < b ? b : a;
}

}  // namespace chorus
