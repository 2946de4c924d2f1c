#pragma once
// What a generated log's oracle file knows of one exposure: probabilities, not draws. e is the
// exposure's hidden confounder, x its features (worker/synthetic/README.md).

namespace chorus::worker {

struct OracleRow {
  float p_click = 0;      // P(click | x, e)
  float p_conv_do = 0;    // P(conversion | do(click), x, e)
  float p_v = 0;          // P(conversion | do(click), x): the best score that the features allow
  float p_c = 0;          // P(click | x)
  float p_v_given_c = 0;  // P(conversion | click, x): all that clicked rows can teach
};

}  // namespace chorus::worker
