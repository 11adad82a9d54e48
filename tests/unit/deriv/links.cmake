# The link is tested over TLS on loopback.
target_link_libraries(unit_deriv PRIVATE deriv_link)
