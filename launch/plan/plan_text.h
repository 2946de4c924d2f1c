#pragma once
// A plan for people. Thread safety: pure functions.

#include <string>
#include <vector>

#include "launch/plan/plan.pb.h"

namespace chorus::launch {

std::string PlanText(const JobPlan& plan);
// A table of several layouts, in their order. Efficiency is the number of exposures per second and host (or per second
// and worker where all layouts have one host), relative to the first layout.
std::string PlanTableText(const std::vector<JobPlan>& plans);

// "1.23 GB", "45.6 MB", "789 bytes": powers of 1000.
std::string ByteText(double bytes);
// "1.23 s", "4.56 ms", "78.9 us".
std::string SecondsText(double seconds);
// "1.2M", "34.5k", "678".
std::string CountText(double count);

}  // namespace chorus::launch
