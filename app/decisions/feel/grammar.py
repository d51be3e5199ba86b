"""The grammar of FEEL (DMN 1.5, clause 10.3.1) for an LALR(1) parser.

Deviations in form, not in meaning: operands of comparisons are additive expressions; `if`, `for`,
`some`, `every` and function definitions are operands that extend as far right as they can.
"""

GRAMMAR = r"""
expression_only: expression
unary_only: MINUS -> any_value
    | _NOT LPAR tests RPAR -> none_of
    | tests -> any_of

tests: test (_COMMA test)*
test: expression -> value_test
    | compare additive -> operator_test

?expression: disjunction
?disjunction: conjunction | conjunction (_OR conjunction)+ -> any_true
?conjunction: comparison | comparison (_AND comparison)+ -> all_true
?comparison: additive
    | comparison compare additive -> compared
    | comparison _BETWEEN additive _AND additive -> between
    | comparison _IN in_tests -> within
    | comparison _INSTANCE_OF type -> instance_of

compare: COMPARE | LESS | GREATER

in_tests: additive -> one_value
    | compare additive -> one_operator
    | LPAR test (_COMMA test)+ RPAR -> several

?additive: multiplicative | additive (PLUS | MINUS) multiplicative -> arithmetic
?multiplicative: power | multiplicative TIMES power -> arithmetic
?power: unary | power POWER unary -> arithmetic
?unary: postfix | MINUS unary -> negation

?postfix: primary
    | postfix _DOT NAME -> path
    | postfix LSQB expression RSQB -> filter
    | postfix LPAR RPAR -> call_nothing
    | postfix LPAR arguments RPAR -> call_positional
    | postfix LPAR named (_COMMA named)* RPAR -> call_named

arguments: expression (_COMMA expression)*
named: KEY _COLON expression

?primary: NUMBER -> number
    | STRING -> string
    | TRUE -> true
    | FALSE -> false
    | NULL -> null
    | QUESTION_MARK -> tested_value
    | _AT STRING -> at_literal
    | NAME -> name
    | LPAR expression RPAR -> grouped
    | LPAR compare additive RPAR -> unary_range
    | (LPAR | LSQB | RANGE_START) additive _DOTS additive (RPAR | RSQB | RANGE_END) -> range_literal
    | LSQB RSQB -> empty_list
    | LSQB expression (_COMMA expression)* RSQB -> list_literal
    | _LBRACE _RBRACE -> empty_context
    | _LBRACE entry (_COMMA entry)* _RBRACE -> context
    | _IF expression _THEN expression _ELSE expression -> if_expression
    | _FOR iterators _RETURN expression -> for_expression
    | (SOME | EVERY) iterators _SATISFIES expression -> quantified
    | _FUNCTION LPAR [parameter (_COMMA parameter)*] RPAR [EXTERNAL] expression -> function

entry: (KEY | STRING) _COLON expression
iterators: iterator (_COMMA iterator)*
iterator: KEY _IN expression -> iterator
    | KEY _IN additive _DOTS additive -> counted_iterator
parameter: KEY [_COLON type]

type: NAME -> plain_type
    | NULL -> plain_type
    | NAME LESS type (_COMMA type)* GREATER -> generic_type
    | NAME LESS field (_COMMA field)* GREATER -> context_type
    | _FUNCTION -> plain_function_type
    | _FUNCTION LESS [type (_COMMA type)*] GREATER _ARROW type -> function_type
field: (NAME | KEY) _COLON type

%declare NUMBER STRING TRUE FALSE NULL QUESTION_MARK NAME KEY COMPARE LESS GREATER PLUS MINUS
%declare TIMES POWER LPAR RPAR LSQB RSQB RANGE_START RANGE_END SOME EVERY EXTERNAL
%declare _LBRACE _RBRACE _COMMA _DOT _DOTS _COLON _AT _ARROW _IF _THEN _ELSE _FOR _RETURN
%declare _SATISFIES _IN _BETWEEN _AND _OR _NOT _FUNCTION _INSTANCE_OF
"""
