#pragma once
// Worlds for tests, made once each (a calibration takes most of a second).

#include <map>
#include <string>

#include "worker/synthetic/block_maker.h"
#include "worker/synthetic/world.h"

namespace chorus::worker::testing {

inline GenerateConfig SmallConfig() {
  GenerateConfig config;
  config.set_seed(1);
  config.set_exposures(20000);
  config.set_stream(0);
  config.set_scale(1);
  config.set_a_c(1.2);
  config.set_a_v(1.4);
  config.set_rho(0.7);
  config.set_a_b(0.5);
  config.set_gam_c(0);
  config.set_gam_v(0);
  config.set_ctr(0.04);
  config.set_cvr(0.05);
  config.set_history(true);
  config.set_block_rows(2048);
  config.set_file_rows(8192);
  return config;
}

inline GenerateConfig HiddenConfounderConfig() {
  GenerateConfig config = SmallConfig();
  config.set_gam_c(1);
  config.set_gam_v(1);
  return config;
}

inline GenerateConfig NullConfig() {
  GenerateConfig config = SmallConfig();
  config.set_rho(0);
  config.set_a_b(0);
  return config;
}

inline const World& SharedWorld(const GenerateConfig& config) {
  static std::map<std::string, World> worlds;
  const std::string name = config.SerializeAsString();
  auto found = worlds.find(name);
  if (found == worlds.end()) found = worlds.emplace(name, World::Make(config, 2)).first;
  return found->second;
}

// Sums over the first `exposures` of a log.
struct Totals {
  double rows = 0, clicks = 0, conversions = 0, potential = 0;
  double p_click = 0, p_click_variance = 0;
  double p_conv_clicked = 0, p_conv_unclicked = 0, p_conv_squares_clicked = 0;
  double p_v_clicked = 0, p_v_unclicked = 0;
};

inline Totals TotalsOf(const World& world) {
  const BlockMaker maker(world);
  GeneratedBlock block;
  Totals t;
  for (uint64_t k = 0; k < maker.blocks(); ++k) {
    maker.Make(k, &block);
    for (uint32_t i = 0; i < block.batch.rows(); ++i) {
      const OracleRow& truth = block.oracle[i];
      const double p = static_cast<double>(truth.p_click);
      const double v = static_cast<double>(truth.p_conv_do);
      const bool click = block.batch.click[i] != 0;
      t.rows += 1;
      t.clicks += click;
      t.conversions += block.batch.conversion[i];
      t.potential += block.potential_conversion[i];
      t.p_click += p;
      t.p_click_variance += p * (1 - p);
      (click ? t.p_conv_clicked : t.p_conv_unclicked) += v;
      if (click) t.p_conv_squares_clicked += v * v;
      (click ? t.p_v_clicked : t.p_v_unclicked) += static_cast<double>(truth.p_v);
    }
  }
  return t;
}

}  // namespace chorus::worker::testing
