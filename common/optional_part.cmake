# Parts of Chorus that are built where what they need is found: an option NAME that is ON, OFF or AUTO. Both macros
# return from the CMakeLists.txt that calls them.

# chorus_optional_part(name what found): defines the option; leaves where the part is OFF, and with sanitizers where it is
# AUTO: they know nothing of what such parts call.
macro(chorus_optional_part name what found)
  set(${name} AUTO CACHE STRING "${what}: ON, OFF, or AUTO, where ${found}")
  set_property(CACHE ${name} PROPERTY STRINGS AUTO ON OFF)
  if(NOT ${name} OR (${name} STREQUAL AUTO AND CHORUS_SANITIZE))
    message(STATUS "${what}: off")
    return()
  endif()
endmacro()

# chorus_without_part(name what why): leaves, with an error where the part was asked for.
macro(chorus_without_part name what why)
  if(NOT ${name} STREQUAL AUTO)
    message(FATAL_ERROR "${name} is ${${name}}, and ${why}")
  endif()
  message(STATUS "${what}: not built, ${why}")
  return()
endmacro()
