#pragma once
// The purposes of random numbers in the world. A purpose is the first counter of a draw, so that no
// two draws have the same counters. The numbers are fixed: another number makes another world.
// Thread safety: constants.

#include <cstdint>

namespace chorus::worker {

enum Draw : uint64_t {
  kDrawTaste = 1,          // user, dimension
  kDrawPropensity = 2,     // user
  kDrawPower = 3,          // user
  kDrawFavourite = 4,      // user, index
  kDrawShop = 5,           // item
  kDrawBrand = 6,          // item
  kDrawCategoryTaste = 7,  // category, dimension
  kDrawItemTaste = 8,      // item, dimension
  kDrawCategoryAppeal = 9,
  kDrawBrandAppeal = 10,
  kDrawItemAppeal = 11,
  kDrawBait = 12,  // item
  kDrawShopQuality = 13,
  kDrawItemQuality = 14,
  kDrawPrice = 15,         // item
  kDrawRequest = 16,       // stream, request
  kDrawExposure = 17,      // stream, exposure
  kDrawHidden = 18,        // stream, exposure
  kDrawClick = 19,         // stream, exposure
  kDrawConversion = 20,    // stream, exposure
  kDrawRequestSizes = 21,  // stream, cell
  kDrawProfileNoise = 22,  // user, field
  kDrawSegment = 23,       // user
  kDrawHistorySize = 24,   // user
  kDrawHistoryItem = 25,   // user, index
};

// The stream of the calibration draw; logs use streams up to 10^9.
constexpr uint64_t kCalibrationStream = ~uint64_t{0};

}  // namespace chorus::worker
