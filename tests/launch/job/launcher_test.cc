// What launchers set, as they were seen to: Open MPI 4.1, Slurm 22.05, Hydra 4.
#include "launch/job/launcher.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "launch/job/bridges.h"
#include "launch/job/mca_parameter.h"

namespace chorus::launch {
namespace {

Variables Set(const std::map<std::string, std::string>& variables) {
  return [variables](const char* name) -> std::string {
    const auto found = variables.find(name);
    return found == variables.end() ? "" : found->second;
  };
}

void ExpectRefused(const Variables& variables, const std::string& remedy) {
  const Status status = RefuseLoneProcess(variables, 1);
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_NE(status.message().find(remedy), std::string::npos) << status.message();
  EXPECT_TRUE(RefuseLoneProcess(variables, 4).ok());
}

TEST(Launcher, SrunWithoutPmixIsRefusedAndToldTheRemedy) {
  const Variables none =
      Set({{"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "2"}, {"SLURM_STEP_NUM_TASKS", "4"}});
  EXPECT_FALSE(KnowsLauncher(none));
  ExpectRefused(none, "srun --mpi=pmix");
  ExpectRefused(Set({{"SLURM_STEP_NUM_TASKS", "4"}, {"PMI_RANK", "2"}, {"PMI_SIZE", "4"}}),
                "srun --mpi=pmix");
}

TEST(Launcher, AnotherMpisLauncherIsRefused) {
  ExpectRefused(Set({{"PMI_RANK", "0"}, {"PMI_SIZE", "2"}}), "Open MPI's own `mpirun`");
  ExpectRefused(Set({{"MV2_COMM_WORLD_SIZE", "2"}}), "Open MPI's own `mpirun`");
}

TEST(Launcher, OneProcessIsNotRefused) {
  const std::map<std::string, std::string> environments[] = {
      {},
      {{"OMPI_COMM_WORLD_SIZE", "1"}},
      // Open MPI's daemons are tasks of a step of srun.
      {{"OMPI_COMM_WORLD_SIZE", "1"}, {"SLURM_STEP_NUM_TASKS", "2"}, {"SLURM_NTASKS", "8"}},
      {{"SLURM_STEP_NUM_TASKS", "1"}, {"SLURM_NTASKS", "1"}},
      {{"PMI_SIZE", "1"}, {"PMI_RANK", "0"}},
      // A batch script has the allocation's number and is no task of a step.
      {{"SLURM_NTASKS", "8"}, {"SLURM_PROCID", "0"}},
      {{"SLURM_STEP_NUM_TASKS", "many"}}};
  for (const auto& environment : environments) {
    EXPECT_TRUE(RefuseLoneProcess(Set(environment), 1).ok());
  }
}

TEST(Launcher, APlainProcessInAnAllocationOfManyTasksIsDoubted) {
  EXPECT_NE(AllocationDoubt(Set({{"SLURM_NTASKS", "8"}})), "");
  EXPECT_EQ(AllocationDoubt(Set({{"SLURM_NTASKS", "1"}})), "");
  EXPECT_EQ(AllocationDoubt(Set({{"SLURM_NTASKS", "8"}, {"OMPI_COMM_WORLD_SIZE", "8"}})), "");
  EXPECT_EQ(AllocationDoubt(Set({})), "");
}

const HostAddress kLo{.interface = "lo", .text = "127.0.0.1", .prefix = 8, .loopback = true};
const HostAddress kEth{.interface = "eth0", .text = "10.0.0.7", .prefix = 24};
const HostAddress kBridge{
    .interface = "docker0", .text = "172.17.0.1", .prefix = 16, .doubtful = true};

TEST(Bridges, AreAvoidedWhereThereIsAnotherWay) {
  EXPECT_EQ(InterfacesToAvoid({kLo, kEth, kBridge}, Set({})), "lo,docker0");
  EXPECT_EQ(InterfacesToAvoid({kLo, kEth}, Set({})), "");
  EXPECT_EQ(InterfacesToAvoid({kLo, kBridge}, Set({})), "");  // a host whose network is a bridge
}

TEST(Bridges, AreLeftToAUserWhoChooses) {
  EXPECT_EQ(
      InterfacesToAvoid({kLo, kEth, kBridge}, Set({{"OMPI_MCA_btl_tcp_if_include", "docker0"}})),
      "");
  EXPECT_EQ(InterfacesToAvoid({kLo, kEth, kBridge}, Set({{"OMPI_MCA_btl_tcp_if_exclude", "lo"}})),
            "");
}

TEST(McaParameter, OfTheCommandLineComesBeforeThatOfAFile) {
  std::string home = testing::TempDir() + "/chorus-home-XXXXXX";
  ASSERT_NE(mkdtemp(home.data()), nullptr);
  std::filesystem::create_directory(home + "/.openmpi");
  std::ofstream(home + "/.openmpi/mca-params.conf")
      << "# btl_tcp_if_include = wrong\nbtl_tcp_if_include_too = wrong\n  "
         "btl_tcp_if_include=eth0,ib0 \n";
  EXPECT_EQ(McaParameter("btl_tcp_if_include", Set({{"HOME", home}})), "eth0,ib0");
  EXPECT_EQ(McaParameter("btl_tcp_if_include",
                         Set({{"HOME", home}, {"OMPI_MCA_btl_tcp_if_include", "ib1"}})),
            "ib1");
  EXPECT_EQ(McaParameter("btl_tcp_if_exclude", Set({{"HOME", home}})), "");
  EXPECT_EQ(InterfacesToAvoid({kLo, kEth, kBridge}, Set({{"HOME", home}})), "");
  std::filesystem::remove_all(home);
}

TEST(McaParameter, OfAMovedInstallationAndOfFilesThatAreNamedCounts) {
  std::string moved = testing::TempDir() + "/chorus-moved-XXXXXX";
  ASSERT_NE(mkdtemp(moved.data()), nullptr);
  std::filesystem::create_directory(moved + "/etc");
  std::ofstream(moved + "/etc/openmpi-mca-params.conf") << "btl_tcp_if_include = ib0\r\n";
  std::ofstream(moved + "/mine.conf") << "\tbtl_tcp_if_include\t= ib1\n";
  const auto include = [](const std::map<std::string, std::string>& variables) {
    return McaParameter("btl_tcp_if_include", Set(variables));
  };
  EXPECT_EQ(include({{"OPAL_PREFIX", moved}}), "ib0");
  EXPECT_EQ(include({{"OPAL_SYSCONFDIR", moved + "/etc"}}), "ib0");
  EXPECT_EQ(include({{"OPAL_PREFIX", moved + "/elsewhere"}}), "");
  for (const char* before : {"", "/nowhere.conf,", "/nowhere.conf:"}) {
    EXPECT_EQ(include({{"OPAL_PREFIX", moved},
                       {"OMPI_MCA_mca_base_param_files", before + moved + "/mine.conf"}}),
              "ib1");
  }
  std::filesystem::remove_all(moved);
}

TEST(Keepalive, OfMpirunThatIsLaterThanTheRanksIsDoubted) {
  EXPECT_NE(KeepaliveDoubt(120, Set({{"OMPI_COMM_WORLD_SIZE", "4"}})).find("after 480 s"),
            std::string::npos);
  const std::map<std::string, std::string> set = {{"OMPI_COMM_WORLD_SIZE", "4"},
                                                  {"OMPI_MCA_oob_tcp_keepalive_time", "30"},
                                                  {"OMPI_MCA_oob_tcp_keepalive_intvl", "10"},
                                                  {"OMPI_MCA_oob_tcp_keepalive_probes", "3"}};
  EXPECT_EQ(KeepaliveDoubt(120, Set(set)), "");
  EXPECT_NE(KeepaliveDoubt(60, Set(set)), "");
  EXPECT_EQ(KeepaliveDoubt(60, Set({{"PMIX_RANK", "0"}})), "");  // srun
}

}  // namespace
}  // namespace chorus::launch
