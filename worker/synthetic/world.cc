#include "worker/synthetic/world.h"

#include <algorithm>
#include <cmath>

#include "common/device_math.h"
#include "worker/synthetic/ali_ccp_fields.h"
#include "worker/synthetic/draw.h"
#include "worker/synthetic/quadrature.h"

namespace chorus::worker {
namespace {

constexpr double kUserExponent = 0.9;
constexpr double kItemExponent = 1.05;
constexpr uint64_t kCategories = 150;

// cos(2 pi hour / 24) = cos(15 degrees * hour), exact to the last bit but one.
constexpr double kCosine[kHours] = {1,
                                    0.96592582628906829,
                                    0.86602540378443865,
                                    0.70710678118654752,
                                    0.5,
                                    0.25881904510252076,
                                    0,
                                    -0.25881904510252076,
                                    -0.5,
                                    -0.70710678118654752,
                                    -0.86602540378443865,
                                    -0.96592582628906829,
                                    -1,
                                    -0.96592582628906829,
                                    -0.86602540378443865,
                                    -0.70710678118654752,
                                    -0.5,
                                    -0.25881904510252076,
                                    0,
                                    0.25881904510252076,
                                    0.5,
                                    0.70710678118654752,
                                    0.86602540378443865,
                                    0.96592582628906829};

uint64_t Scaled(uint64_t count, double scale) {
  return std::max<uint64_t>(1, static_cast<uint64_t>(static_cast<double>(count) * scale + 0.5));
}

// [0, n) for n beyond 32 bits.
uint64_t BelowWide(uint64_t bits, uint64_t n) {
  __extension__ typedef unsigned __int128 Wide;
  return static_cast<uint64_t>((static_cast<Wide>(bits) * n) >> 64);
}

// As float32, and still inside (0, 1).
float ProbabilityAsFloat(double p) {
  constexpr float kLowest = 0x1p-126f;
  constexpr float kHighest = 1 - 0x1p-24f;
  return std::clamp(static_cast<float>(p), kLowest, kHighest);
}

}  // namespace

WorldSizes SizesAtScale(double scale) {
  WorldSizes sizes;
  sizes.users = Scaled(30000, scale);
  sizes.categories = kCategories;
  sizes.items = kCategories * Scaled(12000 / kCategories, scale);
  sizes.shops = Scaled(1500, scale);
  sizes.brands = Scaled(700, scale);
  return sizes;
}

WorldSizes AliCcpSizes(double scale) {
  WorldSizes sizes;
  sizes.users = AliCcpIds(kUser, scale);
  sizes.categories = AliCcpIds(kItemCategory, scale);
  // Each category has as many: a few items fewer than there are ids.
  sizes.items =
      sizes.categories * std::max<uint64_t>(1, AliCcpIds(kItem, scale) / sizes.categories);
  sizes.shops = AliCcpIds(kItemShop, scale);
  sizes.brands = AliCcpIds(kItemBrand, scale);
  return sizes;
}

World::World(const GenerateConfig& config, const WorldSizes& sizes)
    : config_(config),
      sizes_(sizes),
      user_law_(sizes.users, kUserExponent),
      item_law_(sizes.items, kItemExponent),
      tier_law_(sizes.items / sizes.categories, kItemExponent) {}

User World::MakeUser(uint64_t id) const {
  User user;
  user.id = id;
  for (int d = 0; d < kTasteDims; ++d) user.taste[d] = ToNormal(Bits(kDrawTaste, id, d));
  user.propensity = ToNormal(Bits(kDrawPropensity, id));
  user.power = ToNormal(Bits(kDrawPower, id));
  return user;
}

uint64_t World::ShopOf(uint64_t item) const {
  return BelowWide(Bits(kDrawShop, item), sizes_.shops);
}

uint64_t World::BrandOf(uint64_t item) const {
  return BelowWide(Bits(kDrawBrand, item), sizes_.brands);
}

Item World::MakeItem(uint64_t id) const {
  Item item;
  item.id = id;
  item.category = CategoryOf(id);
  item.shop = ShopOf(id);
  item.brand = BrandOf(id);
  for (int d = 0; d < kTasteDims; ++d) {
    item.taste[d] = 0.8 * ToNormal(Bits(kDrawCategoryTaste, item.category, d)) +
                    0.6 * ToNormal(Bits(kDrawItemTaste, id, d));
  }
  item.appeal = 0.6 * ToNormal(Bits(kDrawCategoryAppeal, item.category)) +
                0.5 * ToNormal(Bits(kDrawBrandAppeal, item.brand)) +
                0.6 * ToNormal(Bits(kDrawItemAppeal, id));
  item.bait = ToNormal(Bits(kDrawBait, id));
  item.quality = 0.7 * ToNormal(Bits(kDrawShopQuality, item.shop)) +
                 0.7 * ToNormal(Bits(kDrawItemQuality, id));
  item.price = ToNormal(Bits(kDrawPrice, id));
  return item;
}

uint64_t World::Favourite(uint64_t user, uint32_t index) const {
  return BelowWide(Bits(kDrawFavourite, user, index), sizes_.categories);
}

uint64_t World::DrawItem(uint64_t user, uint64_t seed) const {
  const bool from_favourite = (seed >> 63) != 0;  // half of all draws
  const uint64_t law_seed = Mix(seed + 1);
  if (!from_favourite) return item_law_.Draw(law_seed);
  const uint64_t category = Favourite(user, ToBelow(Mix(seed + 2), kFavourites));
  return tier_law_.Draw(law_seed) * sizes_.categories + category;
}

Scenery World::DrawScenery(uint64_t stream, uint64_t request) const {
  const uint64_t seed = Bits(kDrawRequest, stream, request);
  Scenery out;
  out.user = user_law_.Draw(Mix(seed + 1));
  out.hour = ToBelow(Mix(seed + 2), kHours);
  // Shares of Ali-CCP's field 301 (about 3/8, 1/64, the rest); a feature without effect.
  const uint32_t scene = ToBelow(Mix(seed + 3), 64);
  out.scene = scene < 24 ? 0 : scene == 24 ? 1 : 2;
  return out;
}

ShownItem World::DrawShown(uint64_t stream, uint64_t exposure, uint64_t user) const {
  const uint64_t seed = Bits(kDrawExposure, stream, exposure);
  return {DrawItem(user, Mix(seed + 1)), ToBelow(Mix(seed + 2), kPositions)};
}

double World::HiddenConfounder(uint64_t stream, uint64_t exposure) const {
  return ToNormal(Bits(kDrawHidden, stream, exposure));
}

double Affinity(const User& user, const Item& item) {
  double dot = 0;
  for (int d = 0; d < kTasteDims; ++d) dot += user.taste[d] * item.taste[d];
  return dot / 2;
}

double SharedTerm(const User& user, const Item& item, double appeal) {
  return 0.6 * Affinity(user, item) + 0.6 * appeal + 0.5 * user.propensity;
}

double ClickOnlyTerm(const Item& item, uint32_t position, uint32_t hour) {
  const double place = (position - 4.5) / 2.87;
  return -0.7 * place + 0.6 * item.bait + 0.2 * kCosine[hour];
}

double ConversionOnlyTerm(const User& user, const Item& item, double quality) {
  return 0.7 * user.power * item.price + 0.7 * quality;
}

Logits World::LogitsOf(const User& user, const Item& item, uint32_t position, uint32_t hour) const {
  const Calibration& c = calibration_;
  const double s = c.shared(SharedTerm(user, item, c.appeal(item.appeal)));
  const double cc = c.click_only(ClickOnlyTerm(item, position, hour));
  const double v = c.conversion_only(ConversionOnlyTerm(user, item, c.quality(item.quality)));
  const double rho = config_.rho();
  return {c.alpha_c + config_.a_c() * (std::sqrt(0.7) * s + std::sqrt(0.3) * cc),
          c.alpha_v + config_.a_v() * (rho * s + std::sqrt(1 - rho * rho) * v) -
              config_.a_b() * item.bait};
}

OracleRow World::Truth(const Logits& logits, double hidden) const {
  OracleRow row;
  row.p_click = ProbabilityAsFloat(Sigmoid(logits.click + config_.gam_c() * hidden));
  row.p_conv_do = ProbabilityAsFloat(Sigmoid(logits.conversion + config_.gam_v() * hidden));
  const Marginals m =
      MarginaliseHidden(logits.click, logits.conversion, config_.gam_c(), config_.gam_v());
  row.p_c = ProbabilityAsFloat(m.p_c);
  row.p_v = ProbabilityAsFloat(m.p_v);
  row.p_v_given_c = ProbabilityAsFloat(m.p_v_given_c);
  return row;
}

bool World::DrawClick(uint64_t stream, uint64_t exposure, const OracleRow& truth) const {
  return ToUniform(Bits(kDrawClick, stream, exposure)) < static_cast<double>(truth.p_click);
}

bool World::DrawConversion(uint64_t stream, uint64_t exposure, const OracleRow& truth) const {
  return ToUniform(Bits(kDrawConversion, stream, exposure)) < static_cast<double>(truth.p_conv_do);
}

}  // namespace chorus::worker
