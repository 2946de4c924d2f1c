// Waiting for what a child process says.
#include "tests/support/process.h"

#include <gtest/gtest.h>

#include <chrono>

namespace chorus::test {
namespace {

constexpr double kFarTooLong = 1000;  // a wait that does not end by itself fails by its limit

TEST(ProcessTest, AWaitForTextEndsWithTheProcess) {
  Process process({"sh", "-c", "echo port of nothing; exit 3"});
  EXPECT_FALSE(process.WaitForText("listening", kFarTooLong));
  EXPECT_EQ(process.Wait(0), 3);
}

TEST(ProcessTest, WhatAProcessSaidLastIsHeard) {
  Process process({"sh", "-c", "echo done >&2"});
  EXPECT_TRUE(process.WaitForText("done", kFarTooLong));
}

TEST(ProcessTest, ThePortIsThatOfALineOfTheOutput) {
  Process none(
      {"sh", "-c", "echo listening at 1 >&2; echo not listening at 2; printf 'listening at 3'"});
  EXPECT_EQ(PortOf(&none, kFarTooLong), "");
  Process server({"sh", "-c", "echo listening at 1234; exec sleep 1000"});
  EXPECT_EQ(PortOf(&server, kFarTooLong), "1234");
}

}  // namespace
}  // namespace chorus::test
