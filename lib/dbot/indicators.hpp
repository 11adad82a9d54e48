// Owns the indicators as Deriv Bot computes them: over the whole list given, with its rounding and
// its seeds. The machine's builtins call it. It never knows where the numbers come from.
//
// Rules: semantics.md, section 10; they are not the textbook's everywhere.
#pragma once

#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace derivd::dbot {

/// What the runtime throws; recoverable errors of the script.
struct IndicatorError {
  std::string_view text;
};
template <class T>
using Indicated = std::variant<T, IndicatorError>;
using Numbers = std::vector<double>;

/// `period` as the program gives it; `pip` is the number of the symbol's decimals, 0 to 20.
Indicated<double> sma(std::span<const double> list, double period);
Indicated<Numbers> sma_list(std::span<const double> list, double period, int pip);
Indicated<double> ema(std::span<const double> list, double period, int pip);
Indicated<Numbers> ema_list(std::span<const double> list, double period, int pip);
Indicated<double> rsi(std::span<const double> list, double period);
Indicated<Numbers> rsi_list(std::span<const double> list, double period, int pip);
/// `part`: 0 middle, 1 upper, 2 lower.
Indicated<double> bands(std::span<const double> list, double period, double up, double down,
                        int part, int pip);
Indicated<Numbers> bands_list(std::span<const double> list, double period, double up, double down,
                              int part, int pip);
/// `part`: 0 histogram, 1 MACD, 2 signal.
Indicated<Numbers> macd_list(std::span<const double> list, double fast, double slow, double signal,
                             int part, int pip);

}  // namespace derivd::dbot
