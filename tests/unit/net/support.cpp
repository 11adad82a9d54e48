#include "unit/net/support.hpp"

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>

namespace derivd::net {

bool turn_until(boost::asio::io_context& io, const std::function<bool()>& done,
                std::chrono::steady_clock::duration limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (io.stopped()) io.restart();
    if (io.run_one_until(deadline) == 0) return done();
  }
  return true;
}

void turn_ready(boost::asio::io_context& io) {
  if (io.stopped()) io.restart();
  while (io.poll() != 0) {
  }
}

ClosedPort::ClosedPort(boost::asio::io_context& io)
    : socket_(io, boost::asio::ip::tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0)) {}

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "derivd-net-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

const ServerCertificate& test_certificate() {
  static const TempDir dir;
  static const auto certificate = make_certificate(dir.path()).value();
  return certificate;
}

TlsSettings trusting(const ServerCertificate& certificate) { return {certificate.ca_file}; }

Url url_of(const std::string& scheme, const std::string& host, std::uint16_t port,
           const std::string& target) {
  return {scheme, host, std::to_string(port), target};
}

void RecordingClient::on_frame(std::string_view frame, std::size_t capacity) {
  // Reads every byte that may be read, so that the sanitizer sees a promise that is not kept.
  volatile unsigned sum = 0;
  for (std::size_t i = 0; i < frame.size() + kPadding; ++i) {
    sum = sum + static_cast<unsigned char>(frame.data()[i]);
  }
  least_padding = std::min(least_padding, capacity - frame.size());
  frames.emplace_back(frame);
  if (receiving) receiving(frame);
}

HttpResponse RecordingServer::on_request(const ServerRequest& request) {
  requests.push_back(request);
  return answer;
}

HttpResponse RecordingServer::on_upgrade(const ServerRequest& request) {
  requests.push_back(request);
  return upgrade_answer;
}

void RecordingServer::on_connected(ServerSocket& connected, const ServerRequest&) {
  socket = &connected;
  ids.push_back(connected.id());
  if (connecting) connecting(connected);
}

void RecordingServer::on_frame(ServerSocket& from, std::string_view frame) {
  frames.emplace_back(frame);
  if (echo) from.send(std::string(frame));
  if (receiving) receiving(from, frame);
}

void RecordingServer::on_gone(ServerSocket& left) {
  ++gone;
  if (socket == &left) socket = nullptr;
}

}  // namespace derivd::net
