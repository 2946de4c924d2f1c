#include "common/shell_word.h"

#include <gtest/gtest.h>

namespace chorus {
namespace {

TEST(ShellWordTest, WordsThatAShellReadsAsTheyAreHaveNoQuotes) {
  EXPECT_EQ(ShellWord("data/day-1.csv"), "data/day-1.csv");
  EXPECT_EQ(ShellWord("--split=train:0.8,test:0.2"), "--split=train:0.8,test:0.2");
  EXPECT_EQ(ShellQuoted("day"), "'day'");
}

TEST(ShellWordTest, OthersAreQuoted) {
  EXPECT_EQ(ShellWord(""), "''");
  EXPECT_EQ(ShellWord("my file.csv"), "'my file.csv'");
  EXPECT_EQ(ShellWord("day*.csv"), "'day*.csv'");
  EXPECT_EQ(ShellWord("a\nb"), "'a\nb'");
  EXPECT_EQ(ShellWord("$HOME"), "'$HOME'");
  EXPECT_EQ(ShellWord("it's time"), "'it'\\''s time'");
}

}  // namespace
}  // namespace chorus
