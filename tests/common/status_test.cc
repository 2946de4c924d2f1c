#include "common/status.h"

#include <gtest/gtest.h>

#include <memory>

namespace chorus {
namespace {

TEST(Status, DefaultIsOk) {
  EXPECT_TRUE(Status().ok());
  EXPECT_EQ(Status().ToString(), "OK");
  EXPECT_EQ(Status::Ok().code(), Code::kOk);
}

TEST(Status, PrintsCodeAndMessage) {
  EXPECT_EQ(DataLoss("block 3").ToString(), "DataLoss: block 3");
  EXPECT_EQ(InvalidArgument("x").code(), Code::kInvalidArgument);
}

TEST(Status, ContextGrowsInFront) {
  EXPECT_EQ(NotFound("b").Annotate("a").ToString(), "NotFound: a: b");
  EXPECT_EQ(NotFound("a: b").Annotate("a").message(), "a: b") << "not twice";
  EXPECT_EQ(NotFound("ab").Annotate("a").message(), "a: ab");
  EXPECT_TRUE(Status::Ok().Annotate("a").ok());
  EXPECT_EQ(Status::Ok().Annotate("a").message(), "");
}

// Codes travel between ranks.
TEST(Status, NumbersOfCodesNeverChange) {
  EXPECT_EQ(static_cast<int>(Code::kInvalidArgument), 1);
  EXPECT_EQ(static_cast<int>(Code::kDataLoss), 3);
  EXPECT_EQ(static_cast<int>(Code::kDeadlineExceeded), 5);
  EXPECT_EQ(static_cast<int>(Code::kPermissionDenied), 8);
  EXPECT_EQ(static_cast<int>(Code::kInternal), 10);
  for (int code = 0; code <= 10; ++code) {
    EXPECT_NE(CodeName(static_cast<Code>(code)), "Unknown") << code;
  }
  EXPECT_EQ(CodeName(static_cast<Code>(11)), "Unknown");
}

Result<std::unique_ptr<int>> Half(int n) {
  if (n % 2 != 0) return InvalidArgument("odd");
  return std::make_unique<int>(n / 2);
}
Result<int> Quarter(int n) {
  ASSIGN_OR_RETURN(const std::unique_ptr<int> half, Half(n));
  ASSIGN_OR_RETURN(const std::unique_ptr<int> quarter, Half(*half));
  return *quarter;
}
Status Check(int n) {
  RETURN_IF_ERROR(Quarter(n).status());
  return NotFound("reached the end");
}

TEST(Status, AConsequenceIsALostConnectionAWaitInVainOrAnAbort) {
  EXPECT_TRUE(IsConsequence(Code::kAborted));
  EXPECT_TRUE(IsConsequence(Code::kUnavailable));
  EXPECT_TRUE(IsConsequence(Code::kDeadlineExceeded));
  EXPECT_FALSE(IsConsequence(Code::kOk));
  EXPECT_FALSE(IsConsequence(Code::kDataLoss));
}

TEST(Result, HoldsAValueOrTheReason) {
  EXPECT_EQ(Quarter(8).value(), 2);
  EXPECT_TRUE(Quarter(8).status().ok());
  EXPECT_FALSE(Quarter(6).ok());
  EXPECT_EQ(Quarter(6).status().message(), "odd");
}

TEST(Result, ReturnIfErrorReturnsErrorsOnly) {
  EXPECT_EQ(Check(6).code(), Code::kInvalidArgument);
  EXPECT_EQ(Check(8).code(), Code::kNotFound);
}

TEST(ResultDeathTest, ValueOfAnErrorIsABug) {
  Result<int> wrong = Quarter(6);
  EXPECT_DEATH(static_cast<void>(wrong.value()), "InvalidArgument: odd");
}

}  // namespace
}  // namespace chorus
