#include "launch/job/mca_parameter.h"

#include <algorithm>
#include <fstream>
#include <string_view>
#include <vector>

#include "common/strings.h"

namespace chorus::launch {
namespace {

// Open MPI's own defaults, in seconds (probes: a count).
constexpr uint64_t kUsualTime = 300, kUsualInterval = 20, kUsualProbes = 9;

// "value" of a line "name = value", which may end as Windows ends lines; "" of any other.
std::string ValueOf(std::string_view line, const std::string& name) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  const size_t equals = line.find('=');
  if (equals == std::string_view::npos || Trim(line.substr(0, equals)) != name) return "";
  return std::string(Trim(line.substr(equals + 1)));
}

// The files of parameters in the order in which Open MPI asks them. OPAL_PREFIX is set for an
// installation that was moved; CHORUS_MPI_SYSCONFDIR is the folder of the installation that Chorus
// was built against.
std::vector<std::string> ParameterFiles(const Variables& variables) {
  if (std::string listed = variables("OMPI_MCA_mca_base_param_files"); !listed.empty()) {
    std::replace(listed.begin(), listed.end(), ':', ',');
    return Split(listed, ',');
  }
  constexpr char kName[] = "/openmpi-mca-params.conf";
  std::vector<std::string> files = {variables("HOME") + "/.openmpi/mca-params.conf"};
  const std::string folder = variables("OPAL_SYSCONFDIR"), prefix = variables("OPAL_PREFIX");
  if (!folder.empty()) {
    files.push_back(folder + kName);
  } else if (!prefix.empty()) {
    files.push_back(StrCat(prefix, "/etc", kName));
  } else {
    files.push_back(StrCat(CHORUS_MPI_SYSCONFDIR, kName));
  }
  return files;
}

}  // namespace

std::string McaParameter(const std::string& name, const Variables& variables) {
  if (const std::string value = variables(StrCat("OMPI_MCA_", name).c_str()); !value.empty()) {
    return value;
  }
  for (const std::string& path : ParameterFiles(variables)) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      if (const std::string value = ValueOf(line, name); !value.empty()) return value;
    }
  }
  return "";
}

std::string KeepaliveDoubt(double deadline_seconds, const Variables& variables) {
  if (variables("OMPI_COMM_WORLD_SIZE").empty()) return "";
  const auto number = [&](const char* name, uint64_t usual) {
    return ParseUint64(McaParameter(StrCat("oob_tcp_keepalive_", name), variables)).value_or(usual);
  };
  const uint64_t seconds =
      number("time", kUsualTime) + number("intvl", kUsualInterval) * number("probes", kUsualProbes);
  if (static_cast<double>(seconds) < deadline_seconds) return "";
  return StrCat("mpirun would notice a host that vanishes after ", seconds,
                " s, later than the ranks (cluster.deadline_seconds: ", deadline_seconds,
                "), and then hang: start it with --mca oob_tcp_keepalive_time 30 --mca "
                "oob_tcp_keepalive_intvl 10 --mca oob_tcp_keepalive_probes 3");
}

}  // namespace chorus::launch
