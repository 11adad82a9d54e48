// Owns what `derivctl top` shows: the lines of one frame, made of the daemon's answers for a
// terminal of any size. top.cpp asks the daemon and hands the lines to a terminal or prints them.
// It never asks anything.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/look.hpp"
#include "derivctl/top_memory.hpp"

namespace derivd::ctl {

struct Span {
  std::string text;  // fit to be shown: cleaned
  out::Paint paint = out::Paint::kNone;
};
/// Of a frame; its spans side by side are never wider than the frame.
using FrameLine = std::vector<Span>;

struct TopView {
  nlohmann::ordered_json status;
  nlohmann::ordered_json positions;
  std::string problem;   // why the last answer did not come; what is shown is from before
  std::string selected;  // strategy that the keys are about
  std::string prompt;    // the last line: a question, or what became of an order; empty: the keys
  bool keys = true;      // somebody can press them
};

struct FrameSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

/// `rows` 0: as many lines as there are things to show. No more than `size.rows` lines otherwise:
/// what does not fit is told as "… 3 more".
std::vector<FrameLine> top_frame(const TopView& view, const TopMemory& memory, FrameSize size);

/// The names in the order of the frame, for whoever moves the selection.
std::vector<std::string> strategies_of(const nlohmann::ordered_json& status);

/// A curve as `width` characters, low to high; the newest values where there are more.
std::string sparkline(const std::vector<double>& values, std::size_t width);

}  // namespace derivd::ctl
