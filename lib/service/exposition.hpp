// Owns the text form in which Prometheus reads figures (exposition format 0.0.4): families with
// their help and type, samples with labels. The daemon's metrics page is written through it. It
// never keeps a figure: the callers count.
//
// Written here rather than with Debian's prometheus-cpp, whose server brings threads of its own,
// and whose samples are floating-point: amounts of money are written exactly.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "core/decimal.hpp"
#include "core/histogram.hpp"

namespace derivd::service {

class Exposition final {
 public:
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";
  enum class Type : std::uint8_t { kCounter, kGauge, kHistogram };
  struct Label {
    std::string_view name;
    std::string_view value;
  };
  using Labels = std::initializer_list<Label>;

  /// Opens a family; samples until the next call belong to it. A name is opened once (CHECK); the
  /// name of a counter ends in _total.
  void family(std::string_view name, Type type, std::string_view help);
  void sample(Labels labels, std::int64_t value);
  void sample(Labels labels, std::uint64_t value);
  void sample(Labels labels, core::Money value);
  /// Seconds.
  void sample(Labels labels, core::Duration value);
  template <std::size_t N>
  void sample(Labels labels, const core::Histogram<N>& histogram) {
    for (std::size_t i = 0; i < N; ++i) {
      bucket(labels, seconds(histogram.bounds()[i]), histogram.up_to(i));
    }
    bucket(labels, "+Inf", histogram.total());
    line("_sum", labels, {}, seconds(histogram.sum()));
    line("_count", labels, {}, std::to_string(histogram.total()));
  }

  const std::string& text() const { return text_; }

 private:
  static std::string seconds(core::Duration value);
  void bucket(Labels labels, std::string_view bound, std::uint64_t count);
  void line(std::string_view suffix, Labels labels, std::string_view bound, std::string_view value);

  std::string text_;
  std::string family_;
};

}  // namespace derivd::service
