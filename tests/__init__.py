"""The tests: sentences about the program, told to real servers, real files and tiny real models."""
