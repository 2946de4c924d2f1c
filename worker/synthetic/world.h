#pragma once
// The synthetic world: users and items with hidden traits, and the law by which an exposure is
// clicked and would convert. README.md beside this file gives every formula. Nothing is stored per
// user or item: a trait is a function of (seed, entity), so that worlds of any size need the same
// memory. Thread safety: read-only after Make.

#include <cstdint>

#include "common/config.pb.h"
#include "common/random.h"
#include "worker/log/oracle_row.h"
#include "worker/synthetic/zipf.h"

namespace chorus::worker {

constexpr int kTasteDims = 4;
constexpr uint32_t kFavourites = 6;  // favourite categories of a user
constexpr uint32_t kPositions = 10;
constexpr uint32_t kHours = 24;

struct WorldSizes {
  uint64_t users = 0;
  uint64_t items = 0;  // a multiple of categories: item i is of category i % categories
  uint64_t categories = 0;
  uint64_t shops = 0;
  uint64_t brands = 0;
};
WorldSizes SizesAtScale(double scale);  // 30,000 users, 12,000 items, 150, 1,500 and 700 at scale 1
WorldSizes AliCcpSizes(double scale);   // those of Ali-CCP at scale 1 and above

struct User {
  uint64_t id = 0;  // the user's rank of activity, from 0
  double taste[kTasteDims] = {};
  double propensity = 0;  // h_u
  double power = 0;       // w_u, purchasing power
};

struct Item {
  uint64_t id = 0;
  uint64_t category = 0;
  uint64_t shop = 0;
  uint64_t brand = 0;
  double taste[kTasteDims] = {};
  double appeal = 0;  // before unit()
  double bait = 0;
  double quality = 0;  // before unit()
  double price = 0;
};

// What a request fixes for all its exposures.
struct Scenery {
  uint64_t user = 0;
  uint32_t hour = 0;
  uint32_t scene = 0;  // 0, 1, 2
};

// What one exposure adds, except its labels.
struct ShownItem {
  uint64_t item = 0;
  uint32_t position = 0;
};

// unit(x) = (x - mean) / stddev over exposures.
struct Unit {
  double mean = 0;
  double stddev = 1;
  double operator()(double x) const { return (x - mean) / stddev; }
};

// The constants that the calibration draw determines.
struct Calibration {
  Unit appeal, quality, shared, click_only, conversion_only;
  double alpha_c = 0;
  double alpha_v = 0;
};

struct Logits {
  double click = 0;       // lc
  double conversion = 0;  // lv
};

class World {
 public:
  // Draws the calibration on `threads` threads, whose number does not change the result. REQUIRES:
  // all fields of config are set (FinishConfig).
  static World Make(const GenerateConfig& config, uint32_t threads);

  const GenerateConfig& config() const { return config_; }
  const WorldSizes& sizes() const { return sizes_; }
  const Calibration& calibration() const { return calibration_; }

  User MakeUser(uint64_t id) const;
  Item MakeItem(uint64_t id) const;
  uint64_t CategoryOf(uint64_t item) const { return item % sizes_.categories; }
  uint64_t ShopOf(uint64_t item) const;
  uint64_t BrandOf(uint64_t item) const;
  uint64_t Favourite(uint64_t user, uint32_t index) const;  // a category
  // An item that the exposure policy draws for the user, as a function of `seed`.
  uint64_t DrawItem(uint64_t user, uint64_t seed) const;

  // The request or exposure of this number in a stream of this world.
  Scenery DrawScenery(uint64_t stream, uint64_t request) const;
  ShownItem DrawShown(uint64_t stream, uint64_t exposure, uint64_t user) const;
  double HiddenConfounder(uint64_t stream, uint64_t exposure) const;  // e

  Logits LogitsOf(const User& user, const Item& item, uint32_t position, uint32_t hour) const;
  // Probabilities of an exposure with these logits and this hidden e. All are inside (0, 1).
  OracleRow Truth(const Logits& logits, double hidden) const;

  // Whether the exposure was clicked, and whether it would convert if it were clicked (y1).
  bool DrawClick(uint64_t stream, uint64_t exposure, const OracleRow& truth) const;
  bool DrawConversion(uint64_t stream, uint64_t exposure, const OracleRow& truth) const;

  // A random number: a hash of the seed and these counters.  what: a Draw (draw.h).
  template <typename... Counters>
  uint64_t Bits(uint64_t what, Counters... counters) const {
    return Random(config_.seed(), RandomPurpose::kWorld, what, counters...);
  }

 private:
  World(const GenerateConfig& config, const WorldSizes& sizes);
  friend class Calibrator;

  GenerateConfig config_;
  WorldSizes sizes_;
  Zipf user_law_;
  Zipf item_law_;
  Zipf tier_law_;  // of the items of one category
  Calibration calibration_;
};

// The sums of the law before unit(). `appeal` and `quality` are units already.
double SharedTerm(const User& user, const Item& item, double appeal);
double ClickOnlyTerm(const Item& item, uint32_t position, uint32_t hour);
double ConversionOnlyTerm(const User& user, const Item& item, double quality);
double Affinity(const User& user, const Item& item);  // <P_u, Q_i> / 2

}  // namespace chorus::worker
