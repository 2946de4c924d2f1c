#include "launch/report/axis.h"

#include <gtest/gtest.h>

#include <cmath>

namespace chorus::launch {
namespace {

TEST(AxisTest, FitsItsValuesAndPlacesTheEnds) {
  const std::vector<double> values = {0.3, -1.2, 4.7, NAN};
  const Axis axis = Axis::Fit("x", Axis::Scale::kLinear, values);
  EXPECT_TRUE(axis.Holds(-1.2) && axis.Holds(4.7));
  EXPECT_EQ(axis.Place(axis.low()), 0);
  EXPECT_EQ(axis.Place(axis.high()), 1);
  EXPECT_EQ(axis.Place(1e9), 1);
}

TEST(AxisTest, ALogarithmPutsTheGeometricMeanInTheMiddle) {
  const Axis axis = Axis::Range("x", Axis::Scale::kLog, 0.01, 100);
  EXPECT_NEAR(axis.Place(1), 0.5, 1e-12);
}

TEST(AxisTest, ARootHasAPlaceForZero) {
  const std::vector<double> values = {0.04, 0.01};
  const Axis axis = Axis::Fit("x", Axis::Scale::kRoot, values);
  EXPECT_EQ(axis.Place(0), 0);
  EXPECT_NEAR(axis.Place(0.01), 0.5, 1e-12);
}

TEST(AxisTest, TicksAscendInsideTheRange) {
  const Axis axes[] = {Axis::Range("", Axis::Scale::kLinear, -0.013, 0.029),
                       Axis::Range("", Axis::Scale::kLinear, 0, 244),
                       Axis::Range("", Axis::Scale::kLog, 0.02, 3),
                       Axis::Range("", Axis::Scale::kRoot, 0, 0.3)};
  for (const Axis& axis : axes) {
    const std::vector<Tick> ticks = axis.Ticks(4);
    ASSERT_GE(ticks.size(), 2u);
    EXPECT_LE(ticks.size(), 10u);
    for (size_t i = 0; i < ticks.size(); ++i) {
      EXPECT_GE(ticks[i].value, axis.low() - 1e-12);
      EXPECT_LE(ticks[i].value, axis.high() + 1e-12);
      if (i == 0) continue;
      EXPECT_GT(ticks[i].value, ticks[i - 1].value);
      EXPECT_NE(ticks[i].text, ticks[i - 1].text);
    }
  }
}

TEST(AxisTest, HasARangeWithoutValuesAndWithOne) {
  for (const auto scale : {Axis::Scale::kLinear, Axis::Scale::kLog, Axis::Scale::kRoot}) {
    EXPECT_LT(Axis::Fit("", scale, {}).low(), Axis::Fit("", scale, {}).high());
    const std::vector<double> one = {0.25};
    const Axis axis = Axis::Fit("", scale, one);
    EXPECT_LT(axis.low(), axis.high());
    EXPECT_TRUE(axis.Holds(0.25));
  }
}

TEST(AxisTest, ValuesThatDifferInTheirLastBitAreOne) {
  const std::vector<double> values = {0.7, std::nextafter(0.7, 1)};
  for (const auto scale : {Axis::Scale::kLinear, Axis::Scale::kLog, Axis::Scale::kRoot}) {
    const Axis axis = Axis::Fit("x", scale, values);
    EXPECT_GT(axis.high() - axis.low(), 0.1);
    EXPECT_LE(axis.Ticks(4).size(), 10u);
  }
}

TEST(AxisTest, NumbersAreWrittenWithTheDigitsOfTheirStep) {
  EXPECT_EQ(TickText(0.05, 0.01), "0.05");
  EXPECT_EQ(TickText(-0.002, 0.001), "-0.002");
  EXPECT_EQ(TickText(20000, 5000), "20k");
  EXPECT_EQ(TickText(3, 1), "3");
}

}  // namespace
}  // namespace chorus::launch
