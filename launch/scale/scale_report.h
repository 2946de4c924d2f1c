#pragma once
// The tables and pictures of `chorus scale`. Thread safety: pure functions.

#include <string>
#include <vector>

#include "launch/scale/scale.pb.h"

namespace chorus::launch {

enum class Scaling { kStrong, kWeak };

// Markdown with a table of speeds, one of times by part, and one of traffic.
std::string ScaleTables(Scaling scaling, const std::vector<ScaleLayout>& layouts);
// A page with pictures: efficiency and exposures per second by workers, measured and planned.
std::string ScalePage(Scaling scaling, const std::vector<ScaleLayout>& layouts);
// The pictures alone, one below the other.
std::string ScaleSvg(const std::vector<ScaleLayout>& layouts);

}  // namespace chorus::launch
