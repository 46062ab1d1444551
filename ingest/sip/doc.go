// Package sip reads SIP messages as a witness, not as a user agent: a message
// that a user agent would answer with 400 did happen, so it is read as far as
// it goes and flagged with the rules it broke (RFC 4475 and RFC 5118 are its
// test cases). Only what cannot be framed, is not SIP/2.0 or lacks what
// correlation needs is rejected.
//
// [Message.Parse] reads the start line and what correlation needs, without
// allocating; everything else is read when it is asked for. The package does no
// I/O, never panics, and its work grows with the length of the input only.
package sip
