#pragma once
// report.html of one training run: losses, evaluations over steps, calibration, PCOC by pCTR.
// Thread safety: pure function.

#include <string>
#include <vector>

#include "common/report.pb.h"

namespace chorus::launch {

// name: the run's, for the title.
std::string RunPage(const std::string& name, const RunHead& head,
                    const std::vector<Report>& reports);

}  // namespace chorus::launch
