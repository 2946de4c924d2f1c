#pragma once
// The truth about one exposure of a generated log: probabilities, not draws. x are the exposure's
// features and e is its hidden confounder (worker/synthetic/README.md). Thread safety: a value.

namespace chorus::worker {

struct OracleRow {
  float p_click = 0;      // P(click | x, e)
  float p_conv_do = 0;    // P(conversion | do(click), x, e)
  float p_v = 0;          // P(conversion | do(click), x): the best score that the features allow
  float p_c = 0;          // P(click | x)
  float p_v_given_c = 0;  // P(conversion | click, x): all that clicked rows can teach
};

}  // namespace chorus::worker
