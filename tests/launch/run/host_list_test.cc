#include "launch/run/host_list.h"

#include <gtest/gtest.h>

namespace chorus::launch {
namespace {

TEST(ParseHosts, TakesRanksOrOne) {
  const auto hosts = ParseHosts("node1:4, node2,10.0.0.7:12");
  ASSERT_TRUE(hosts.ok()) << hosts.status().ToString();
  EXPECT_EQ(HostOption(*hosts), "node1:4,node2:1,10.0.0.7:12");
  EXPECT_EQ(RanksOf(*hosts), 17u);
}

TEST(ParseHosts, NamesAnEntryThatIsNone) {
  for (const char* text : {"", "a:,b", "a:0", "a:x", ":4", "a,,b", "a:70000", "fd00::7"}) {
    const auto hosts = ParseHosts(text);
    ASSERT_FALSE(hosts.ok()) << text;
    EXPECT_EQ(hosts.status().code(), Code::kInvalidArgument) << text;
    EXPECT_NE(hosts.status().message().find("--hosts: "), std::string::npos)
        << hosts.status().message();
  }
  const auto twice = ParseHosts("a:1,b:1,a:2");
  ASSERT_FALSE(twice.ok());
  EXPECT_NE(twice.status().message().find("a is named twice"), std::string::npos);
}

TEST(ReadHostFile, TakesOpenMpisWay) {
  const auto files = NewMemoryFiles();
  ASSERT_TRUE(
      ReplaceFile(*files, "hosts",
                  "# ours\nnode1 slots=4\r\n\n  node2\tslots=2 max_slots=8  # old\nnode3 slots=1\n")
          .ok());
  const auto hosts = ReadHostFile(*files, "hosts");
  ASSERT_TRUE(hosts.ok()) << hosts.status().ToString();
  EXPECT_EQ(HostOption(*hosts), "node1:4,node2:2,node3:1");
}

TEST(ReadHostFile, NamesFileAndLine) {
  const auto files = NewMemoryFiles();
  ASSERT_TRUE(ReplaceFile(*files, "hosts", "node1 slots=4\nnode2 slots=many\n").ok());
  const auto wrong = ReadHostFile(*files, "hosts");
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.status().message().find("hosts: line 2: \"slots=many\""), std::string::npos)
      << wrong.status().message();
  ASSERT_TRUE(ReplaceFile(*files, "bare", "node1 slots=4\nnode2\n").ok());
  const auto bare = ReadHostFile(*files, "bare");
  ASSERT_FALSE(bare.ok()) << "Open MPI would take all cores, which nobody here knows";
  EXPECT_NE(bare.status().message().find("bare: line 2: \"node2\"; expected \"slots=N\""),
            std::string::npos)
      << bare.status().message();
  ASSERT_TRUE(ReplaceFile(*files, "none", "# nothing\n").ok());
  EXPECT_FALSE(ReadHostFile(*files, "none").ok());
  EXPECT_FALSE(ReadHostFile(*files, "absent").ok());
}

}  // namespace
}  // namespace chorus::launch
