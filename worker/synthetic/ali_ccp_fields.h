#pragma once
// The 23 fields of Ali-CCP, as full passes over the data set count them, and the schema that
// imports them at full width. Thread safety: constants and pure functions.

#include <array>
#include <cstdint>

#include "common/config.pb.h"

namespace chorus::worker {

enum AliCcpField : uint8_t {
  kUser,             // 101
  kCategoryHistory,  // 109_14
  kShopHistory,      // 110_14
  kBrandHistory,     // 127_14
  kIntentHistory,    // 150_14
  kProfileCategory,  // 121
  kProfileGroup,     // 122
  kGender,           // 124
  kAge,              // 125
  kConsumption1,     // 126
  kConsumption2,     // 127
  kWorks,            // 128
  kGeography,        // 129
  kItem,             // 205
  kItemCategory,     // 206
  kItemShop,         // 207
  kItemIntent,       // 210
  kItemBrand,        // 216
  kCategoryCross,    // 508 = 109_14 x 206
  kShopCross,        // 509 = 110_14 x 207
  kBrandCross,       // 702 = 127_14 x 216
  kIntentCross,      // 853 = 150_14 x 210
  kScene,            // 301
};
constexpr uint32_t kAliCcpFields = 23;

struct AliCcpFieldInfo {
  const char* name;
  bool context;  // among the common features
  bool multi_valued;
  bool has_values;    // else every value is 1
  uint32_t first_id;  // ids of all fields share one range of integers
  uint32_t ids;       // distinct ones, at scale 1
  bool scales;        // their number grows with scale
  double coverage;    // share of exposures that have the field
  double tokens;      // of an exposure that has it, on average
};
extern const std::array<AliCcpFieldInfo, kAliCcpFields> kAliCcpFieldInfo;  // by AliCcpField

// Distinct ids of a field in a world of this scale.
uint64_t AliCcpIds(AliCcpField field, double scale);

// All fields at full width, values as they are; what configs/import/ali_ccp.textproto says.
ImportSchema AliCcpSchema();

}  // namespace chorus::worker
