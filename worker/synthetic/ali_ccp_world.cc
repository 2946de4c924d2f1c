#include "worker/synthetic/ali_ccp_world.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "common/device_math.h"
#include "common/strings.h"
#include "worker/synthetic/draw.h"

namespace chorus::worker {
namespace {

constexpr uint32_t kOne = 100000;  // the value 1.0
constexpr double kHistoryExponent = 0.8;
// Spread of the number of tokens: the 99th percentile of a row is 3.2 times the mean.
constexpr double kActivityDeviation = 0.57;

// Sizes of a cell's contexts: the exponential law's quantiles (i + 1/2) / 20, 1158 in all.
constexpr std::array<uint32_t, kAliCcpCellContexts> kSizes = {
    1, 5, 8, 11, 15, 19, 23, 28, 33, 38, 44, 50, 58, 66, 76, 88, 103, 123, 153, 216};
static_assert([] {
  uint32_t sum = 0;
  for (const uint32_t size : kSizes) sum += size;
  return sum;
}() == kAliCcpCellExposures);

// What draws are for, behind the purposes of draw.h.
enum AliCcpDraw : uint64_t {
  kDrawAliCcpKey = 100,       // stream, context
  kDrawAliCcpSizes = 101,     // stream, cell
  kDrawAliCcpProfile = 102,   // user, field
  kDrawAliCcpHistory = 103,   // stream, context, field, index
  kDrawAliCcpActivity = 104,  // user
  kDrawAliCcpNode = 105,      // category, index
  kDrawAliCcpCross = 106,     // stream, exposure, field
  kDrawAliCcpOdd = 107,       // stream, exposure
};

// Clicks become fewer along the file, from 4.55 % to 3.25 % at Ali-CCP's rate of 3.887 %.
double DriftOf(uint64_t exposure, uint64_t exposures) {
  const double place = static_cast<double>(exposure) / static_cast<double>(exposures);
  return Log((4.55 - 1.3 * place) / 3.887);
}

uint32_t ValueOfCount(uint64_t count) {
  return static_cast<uint32_t>(Log(1.0 + static_cast<double>(count)) * kOne + 0.5);
}

// 1, 2, 3, ... with probabilities 1/2, 1/4, 1/8, ...
uint64_t GeometricCount(uint64_t bits) {
  return 1 + static_cast<uint64_t>(std::countl_zero(bits | 1));
}

// A value that is no logarithm of a count, such as decayed sums are.
uint32_t DecayedValue(uint64_t bits) {
  const double u = ToUniform(bits);
  return 5000 + static_cast<uint32_t>(u * u * 250000);
}

// About the normal distribution's: so that a trait's buckets are about equally full.
double Quantile(double normal) { return Sigmoid(1.702 * normal); }

uint32_t BucketOf(double quantile, uint64_t buckets) {
  const auto bucket = static_cast<uint64_t>(quantile * static_cast<double>(buckets));
  return static_cast<uint32_t>(std::min(bucket, buckets - 1));
}

}  // namespace

void AppendAliCcpValue(uint32_t value, std::string* out) {
  out->append(StrCat(value / kOne));
  out->push_back('.');
  uint32_t rest = value % kOne;
  uint32_t unit = kOne / 10;
  do {
    out->push_back(static_cast<char>('0' + rest / unit));
    rest %= unit;
    unit /= 10;
  } while (rest > 0);
}

float AliCcpValue(uint32_t value) { return static_cast<float>(static_cast<double>(value) / kOne); }

AliCcpWorld::AliCcpWorld(const World& world)
    : world_(world), stream_(world.config().stream()), ids_() {
  for (uint32_t f = 0; f < kAliCcpFields; ++f) {
    ids_[f] = AliCcpIds(static_cast<AliCcpField>(f), world.config().scale());
  }
  for (const AliCcpField field : {kCategoryHistory, kShopHistory, kBrandHistory, kIntentHistory}) {
    history_laws_.emplace_back(ids_[field], kHistoryExponent);
  }
}

uint64_t AliCcpWorld::cells() const {
  return (world_.config().exposures() + kAliCcpCellExposures - 1) / kAliCcpCellExposures;
}

uint64_t AliCcpWorld::contexts() const {
  uint64_t contexts = (cells() - 1) * kAliCcpCellContexts;
  for (const uint32_t size : SizesOfCell(cells() - 1)) contexts += size > 0 ? 1 : 0;
  return contexts;
}

std::vector<uint32_t> AliCcpWorld::SizesOfCell(uint64_t cell) const {
  const std::vector<uint32_t> order =
      RandomPermutation(kAliCcpCellContexts, world_.config().seed(), RandomPurpose::kWorld,
                        kDrawAliCcpSizes, world_.Bits(kDrawAliCcpSizes, stream_, cell));
  uint64_t left = world_.config().exposures() - cell * kAliCcpCellExposures;
  std::vector<uint32_t> sizes;
  for (const uint32_t place : order) {
    sizes.push_back(static_cast<uint32_t>(std::min<uint64_t>(kSizes[place], left)));
    left -= sizes.back();
  }
  return sizes;
}

uint64_t AliCcpWorld::KeyOf(uint64_t context) const {
  return world_.Bits(kDrawAliCcpKey, stream_, context);
}

void AliCcpWorld::MakeContext(uint64_t number, AliCcpContext* out) const {
  out->number = number;
  out->key = KeyOf(number);
  out->scenery = world_.DrawScenery(stream_, number);
  out->user = world_.MakeUser(out->scenery.user);
  out->tokens.clear();
  AddProfile(out->user, &out->tokens);
  for (uint32_t i = 0; i < history_laws_.size(); ++i) {
    AddHistory(out->user, number, i, &out->tokens);
  }
}

void AliCcpWorld::AddProfile(const User& user, std::vector<AliCcpToken>* out) const {
  const auto draw = [&](uint64_t field) { return world_.Bits(kDrawAliCcpProfile, user.id, field); };
  const auto add = [&](AliCcpField field, uint64_t bucket) {
    out->push_back({field, static_cast<uint32_t>(kAliCcpFieldInfo[field].first_id + bucket), kOne});
  };
  if (ToUniform(draw(kUser)) < kAliCcpFieldInfo[kUser].coverage) add(kUser, user.id);
  // Users have all of a profile, or nothing; two of its fields are rarer.
  const double share = kAliCcpFieldInfo[kProfileCategory].coverage;
  if (ToUniform(draw(kProfileCategory)) >= share) return;
  const double noise = 0.5 * ToNormal(draw(kProfileGroup));
  const auto trait = [&](AliCcpField field, double x) {
    const double quantile = Quantile((x + noise) / std::sqrt(1.25));
    if (ToUniform(draw(kScene + uint64_t{1} + field)) < kAliCcpFieldInfo[field].coverage / share) {
      add(field, BucketOf(quantile, ids_[field]));
    }
  };
  trait(kProfileCategory, user.taste[0]);
  trait(kProfileGroup, user.taste[1]);
  trait(kGender, user.taste[2]);
  trait(kAge, user.taste[3]);
  trait(kConsumption1, user.power);
  trait(kConsumption2, user.power);
  trait(kWorks, user.propensity);
  trait(kGeography, user.taste[1] - user.taste[2]);
}

void AliCcpWorld::AddHistory(const User& user, uint64_t context, uint32_t index,
                             std::vector<AliCcpToken>* out) const {
  const auto field = static_cast<AliCcpField>(kCategoryHistory + index);
  const AliCcpFieldInfo& info = kAliCcpFieldInfo[field];
  const uint64_t seed = world_.Bits(kDrawAliCcpHistory, stream_, context, uint64_t{field});
  if (ToUniform(Mix(seed + 1)) >= info.coverage) return;
  const double activity =
      Exp(kActivityDeviation * ToNormal(world_.Bits(kDrawAliCcpActivity, user.id)) -
          0.5 * kActivityDeviation * kActivityDeviation);
  const auto wanted = std::clamp<uint64_t>(static_cast<uint64_t>(info.tokens * activity + 0.5), 1,
                                           std::max<uint64_t>(1, ids_[field] / 2));
  // Ids until there are as many distinct ones as wanted, or nearly; those that come again count.
  std::vector<uint32_t> drawn;
  uint64_t distinct = 0;
  for (uint64_t tries = 0; distinct < wanted && tries < 4; ++tries) {
    for (uint64_t i = distinct; i < wanted; ++i) {
      const uint64_t id = history_laws_[index].Draw(Mix(seed + 2 + drawn.size()));
      drawn.push_back(static_cast<uint32_t>(info.first_id + id));
    }
    std::vector<uint32_t> sorted = drawn;
    std::sort(sorted.begin(), sorted.end());
    distinct = static_cast<uint64_t>(std::unique(sorted.begin(), sorted.end()) - sorted.begin());
  }
  std::sort(drawn.begin(), drawn.end());
  for (size_t begin = 0, end = 0; begin < drawn.size(); begin = end) {
    while (end < drawn.size() && drawn[end] == drawn[begin]) ++end;
    const uint64_t bits = Mix(seed ^ drawn[begin]);
    out->push_back({field, drawn[begin],
                    field == kIntentHistory
                        ? DecayedValue(bits)
                        : ValueOfCount(end - begin - 1 + GeometricCount(bits))});
  }
}

void AliCcpWorld::MakeExposure(const AliCcpContext& context, uint64_t exposure,
                               AliCcpExposure* out) const {
  const ShownItem shown = world_.DrawShown(stream_, exposure, context.scenery.user);
  const Item item = world_.MakeItem(shown.item);
  out->sample_id = exposure + 1;
  out->tokens.clear();
  const auto add = [&](AliCcpField field, uint64_t id) {
    out->tokens.push_back(
        {field, static_cast<uint32_t>(kAliCcpFieldInfo[field].first_id + id % ids_[field]), kOne});
  };
  const auto has = [&](AliCcpField field) {
    return ToUniform(world_.Bits(kDrawAliCcpProfile, item.id, uint64_t{field})) <
           kAliCcpFieldInfo[field].coverage;
  };
  add(kItem, item.id);
  add(kItemCategory, item.category);
  add(kItemShop, item.shop);
  if (has(kItemIntent)) {
    // 1 .. 11 of the category's nodes, and rarely one more: 6.1 on average.
    const uint64_t bits = world_.Bits(kDrawAliCcpNode, item.id);
    const uint32_t nodes = 1 + ToBelow(bits, 11) + (ToUniform(Mix(bits)) < 0.1 ? 1 : 0);
    for (uint32_t i = 0; i < nodes; ++i) {
      add(kItemIntent, world_.Bits(kDrawAliCcpNode, item.category, i));
    }
  }
  if (has(kItemBrand)) add(kItemBrand, item.brand);
  AddCrosses(item, exposure, &out->tokens);
  add(kScene, context.scenery.scene);
  out->truth = TruthOf(context, item, shown.position, exposure);
  const bool odd =
      ToUniform(world_.Bits(kDrawAliCcpOdd, stream_, exposure)) < world_.config().unclicked();
  out->click = !odd && world_.DrawClick(stream_, exposure, out->truth);
  out->conversion = odd || (out->click && world_.DrawConversion(stream_, exposure, out->truth));
}

void AliCcpWorld::AddCrosses(const Item& item, uint64_t exposure,
                             std::vector<AliCcpToken>* out) const {
  const auto cross = [&](AliCcpField field, uint64_t of, uint32_t most) {
    const AliCcpFieldInfo& info = kAliCcpFieldInfo[field];
    const uint64_t bits = world_.Bits(kDrawAliCcpCross, stream_, exposure, uint64_t{field});
    if (ToUniform(bits) >= info.coverage) return;
    const uint32_t tokens = 1 + ToBelow(Mix(bits + 1), most);
    for (uint32_t i = 0; i < tokens; ++i) {
      const uint64_t id = Mix(of * kAliCcpFields + field + (uint64_t{i} << 40)) % ids_[field];
      const uint64_t value = Mix(bits + 2 + i);
      out->push_back(
          {field, static_cast<uint32_t>(info.first_id + id),
           field == kIntentCross ? DecayedValue(value) : ValueOfCount(GeometricCount(value))});
    }
  };
  cross(kCategoryCross, item.category, 1);
  cross(kShopCross, item.shop, 1);
  cross(kBrandCross, item.brand, 1);
  cross(kIntentCross, item.category, 6);
}

OracleRow AliCcpWorld::TruthOf(const AliCcpContext& context, const Item& item, uint32_t position,
                               uint64_t exposure) const {
  Logits logits = world_.LogitsOf(context.user, item, position, context.scenery.hour);
  logits.click += DriftOf(exposure, world_.config().exposures());
  return world_.Truth(logits, world_.HiddenConfounder(stream_, exposure));
}

void ShuffleFields(uint64_t seed, std::vector<AliCcpToken>* tokens) {
  // A place for each field's first half, and for its second, which does not come before it.
  const auto place = [&](AliCcpField field, bool second) {
    const uint64_t first = Mix(seed + field);
    return second ? std::max(first, Mix(first)) : first;
  };
  std::array<uint32_t, kAliCcpFields> count = {}, seen = {};
  for (const AliCcpToken& token : *tokens) ++count[token.field];
  std::vector<std::pair<uint64_t, AliCcpToken>> placed;
  placed.reserve(tokens->size());
  for (const AliCcpToken& token : *tokens) {
    const bool second = seen[token.field]++ >= (count[token.field] + 1) / 2;
    placed.emplace_back(place(token.field, second), token);
  }
  std::stable_sort(placed.begin(), placed.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 0; i < placed.size(); ++i) (*tokens)[i] = placed[i].second;
}

}  // namespace chorus::worker
