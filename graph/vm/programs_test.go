package vm_test

var programs []program
