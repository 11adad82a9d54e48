// Owns numbers as JavaScript has them: their text, their reading from text, their rounding. The
// interpreter of programs and the indicators call it. It never knows a block.
//
// Programs of Deriv Bot reckon stakes with doubles and turn them into text; each function here
// gives the very bits that a JavaScript engine gives (semantics.md, section 14, decision 16), which
// a test compares with node.
#pragma once

#include <limits>
#include <string>
#include <string_view>

namespace derivd::dbot {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// String(x): the shortest digits that read back as x, "NaN", "Infinity", "1e+21".
std::string number_text(double x);
/// x.toFixed(digits), 0 to 20 digits: exact decimal value, a tie away from zero.
std::string fixed_text(double x, int digits);
/// +x.toFixed(digits).
double rounded(double x, int digits);
/// Math.round: half towards positive infinity, -0 kept.
double round_half_up(double x);
/// a % b: the sign of the dividend.
double remainder_of(double a, double b);
/// Math.pow: unlike C's, 1 to the power of infinity or NaN is NaN.
double power(double base, double exponent);
/// Number(text): blanks around it are allowed, empty is 0, anything else that is no number is NaN.
double number_of(std::string_view text);
/// parseFloat(text): the longest beginning that is a number, else NaN.
double leading_number_of(std::string_view text);
/// ToIntegerOrInfinity: NaN is 0, fractions are cut.
double to_integer(double x);
/// Bytes of the white space at the front, as String.trim() understands it; 0: none.
std::size_t space_at(std::string_view text);

}  // namespace derivd::dbot
