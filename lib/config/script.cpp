#include "config/script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "config/value.hpp"

namespace derivd::config {
namespace {

constexpr std::array<std::string_view, 5> kScriptKeys{"file", "answers", "cpu", "memory", "seed"};
constexpr std::int64_t kMaxSeed = 2'147'483'647;

/// As JSON writes it.
std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// A number as JSON has it: YAML's others (hex, infinities, 1_000) stay texts.
bool is_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto digits = text.starts_with('-') ? text.substr(1) : text;
  const bool plain =
      !digits.empty() && digits.front() >= '0' && digits.front() <= '9' && digits.back() != '.' &&
      !(digits.size() > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9');
  return plain && error == std::errc{} && end == text.data() + text.size() &&
         std::isfinite(value) && text.find(".e") == std::string_view::npos &&
         text.find(".E") == std::string_view::npos;
}

std::string json_of(const YamlNode& node) {
  std::string out;
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "null";
    case YamlNode::Kind::kScalar: {
      const auto& text = node.text;
      const bool bare = !node.quoted && (text == "true" || text == "false" || is_number(text));
      return bare ? text : json_string(text);
    }
    case YamlNode::Kind::kList:
      for (const auto& item : node.items) out += (out.empty() ? "" : ",") + json_of(item);
      return "[" + out + "]";
    case YamlNode::Kind::kMap:
      for (const auto& e : node.entries) {
        out += fmt::format("{}{}:{}", out.empty() ? "" : ",", json_string(e.key), json_of(e.value));
      }
      return "{" + out + "}";
  }
  return "null";
}

/// "50ms", "64MiB": a whole number and one of two units, the second being 2^10 or 1000 of the
/// first.
struct Unit {
  std::string_view name;
  std::int64_t worth;
};
std::optional<std::int64_t> quantity(const YamlNode& node, std::span<const Unit> units) {
  if (node.kind != YamlNode::Kind::kScalar) return std::nullopt;
  std::int64_t number = 0;
  const auto* last = node.text.data() + node.text.size();
  const auto [end, error] = std::from_chars(node.text.data(), last, number);
  constexpr std::int64_t kMost = 1'000'000;
  if (error != std::errc{} || number < 0 || number > kMost) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(last - end));
  const auto at = std::ranges::find(units, unit, &Unit::name);
  if (at == units.end()) return std::nullopt;
  return number * at->worth;
}

class ScriptReader final {
 public:
  ScriptReader(const ScriptSource& source, script::Settings& out,
               std::map<std::string, Place, std::less<>>& places, std::vector<Problem>& problems)
      : source_(source), out_(out), places_(places), problems_(problems) {}

  void read() {
    std::map<std::string_view, const YamlNode*> seen;
    for (const auto& e : source_.params.entries) {
      const auto key = fmt::format("{}.{}", source_.key, e.key.substr(0, 40));
      if (std::ranges::find(kScriptKeys, e.key) == kScriptKeys.end()) {
        const auto guess = did_you_mean(e.key, kScriptKeys);
        add(e.place, key,
            fmt::format("unknown parameter of script{}{} allowed: {}", guess,
                        guess.empty() ? ";" : "", join(kScriptKeys)));
      } else if (e.value.blank) {
        add(e.place, key, "stands here without a value; leave it out for its default");
      } else if (!seen.emplace(e.key, &e.value).second) {
        add(e.place, key, "given twice; keep one");
      } else if (!e.value.is_null()) {
        places_[key] = e.value.place;
        one(e.key, e.value, key);
      }
    }
    if (const auto file = seen.find("file"); file == seen.end() || file->second->is_null()) {
      add(source_.params.place, source_.key + ".file", "is required: a file of JavaScript");
    }
  }

 private:
  void add(Place at, std::string key, std::string reason) {
    problems_.push_back({at.line, at.column, std::move(key), std::move(reason)});
  }

  void one(std::string_view name, const YamlNode& node, const std::string& key) {
    if (name == "file") return file(node, key);
    if (name == "answers") return answers(node, key);
    if (name == "cpu") return cpu(node, key);
    if (name == "memory") return memory(node, key);
    const auto seed = read_count(node, 0, kMaxSeed);
    if (!seed) return add(node.place, key, seed.error().text);
    out_.seed = static_cast<std::uint64_t>(*seed);
  }

  void file(const YamlNode& node, const std::string& key) {
    const auto name = read_text(node);
    if (!name || name->empty()) {
      return add(node.place, key, fmt::format("{} is no file's name", shown(node)));
    }
    out_.file = *name;
    const auto path = name->starts_with('/') ? *name : std::string(source_.directory) + *name;
    auto text = read_file(path, script::kMaxText);
    if (!text) {
      return add(
          node.place, key,
          fmt::format("{} {}; allowed: a readable file of JavaScript, a relative path begins "
                      "at the configuration's directory",
                      shown(path), text.error().text));
    }
    if (text->size() > script::kMaxText) {
      return add(node.place, key,
                 fmt::format("{} is longer than {} bytes", shown(path), script::kMaxText));
    }
    if (text->find('\0') != std::string::npos) {
      return add(node.place, key, fmt::format("{} is no text", shown(path)));
    }
    out_.text = std::move(*text);
  }

  void answers(const YamlNode& node, const std::string& key) {
    auto json = json_of(node);
    if (json.size() > script::kMaxState) {
      return add(node.place, key,
                 fmt::format("is longer than {} bytes as JSON", script::kMaxState));
    }
    out_.answers = std::move(json);
  }

  void cpu(const YamlNode& node, const std::string& key) {
    constexpr std::array kUnits{Unit{"ms", 1}, Unit{"s", 1000}};
    const auto ms = quantity(node, kUnits);
    if (!ms || *ms < script::kMinCpu.count() || *ms > script::kMaxCpu.count()) {
      return add(node.place, key,
                 fmt::format("{} is no time of the processor; allowed: 1ms to 10s", shown(node)));
    }
    out_.cpu = std::chrono::milliseconds(*ms);
  }

  void memory(const YamlNode& node, const std::string& key) {
    constexpr std::array kUnits{Unit{"KiB", 1024}, Unit{"MiB", script::kMebibyte}};
    const auto bytes = quantity(node, kUnits);
    if (!bytes || *bytes < script::kMinMemory || *bytes > script::kMaxMemory) {
      return add(node.place, key,
                 fmt::format("{} is no amount of memory; allowed: {}MiB to {}MiB", shown(node),
                             script::kMinMemory / script::kMebibyte,
                             script::kMaxMemory / script::kMebibyte));
    }
    out_.memory = *bytes;
  }

  const ScriptSource& source_;
  script::Settings& out_;
  std::map<std::string, Place, std::less<>>& places_;
  std::vector<Problem>& problems_;
};

/// FNV-1a: tells a changed text from the former one in a message; equality is the text's own.
std::uint64_t fingerprint(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

}  // namespace

void read_script(const ScriptSource& source, script::Settings& settings,
                 std::map<std::string, Place, std::less<>>& places,
                 std::vector<Problem>& problems) {
  ScriptReader(source, settings, places, problems).read();
}

std::string show_script(const script::Settings& settings) {
  return fmt::format(
      "{{ file: {} ({} bytes, {:016x}), answers: {}, cpu: {}ms, memory: {}MiB, seed: "
      "{} }}",
      settings.file, settings.text.size(), fingerprint(settings.text), settings.answers,
      settings.cpu.count(), settings.memory / script::kMebibyte, settings.seed);
}

}  // namespace derivd::config
