from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.documents import DocumentDraft
from index.passage_index import PassageIndex
from rag.answering.pipeline import QuestionAnswerer
from rag.config import AskConfig
from rag.conversation.understanding import PURPOSE, is_no_question, unclear, understand, why_not_read
from rag.questions import Question
from tests.conftest import fake_answerer

ENGLISH = ("en",)

FOREIGN = """\
Wann wurde die Pumpe gebaut?
Wer ist der Direktor?
Wie hoch ist die Miete?
Welche Garantie gilt für die X200?
Was ist die Kündigungsfrist?
In welcher Stadt liegt das Gefängnis?
Warum stoppt der Motor?
Quel est le prix de l'abonnement ?
Où est-il détenu ?
Combien coûte la licence par an ?
Qui a signé le contrat ?
Quand le pont a-t-il été construit ?
¿Cuándo se construyó el puente?
¿Quién es el director?
¿Cuánto cuesta el billete?
Dónde está la oficina central?
Qual è il periodo di garanzia?
Chi ha scritto la relazione?
Dove si trova la sede?
Quanto costa il biglietto?
Qual é o prazo de entrega?
Quem é o diretor da empresa?
Onde fica a sede?
Wie heeft het contract ondertekend?
Hoeveel kost een kaartje?
Waar staat de molen?
Hvad koster en billet?
Hvem er direktøren?
Hvor ligger hovedkontoret?
Vad kostar biljetten?
När byggdes bron?
Kuka on johtaja?
Milloin silta rakennettiin?
Kto jest dyrektorem?
Ile kosztuje bilet?
Gdzie znajduje się siedziba?
Jaký je termín dodání?
Kdo je ředitel?
Mennyibe kerül a jegy?
Ki az igazgató?
Care este termenul de livrare?
Bilet ne kadar?
Berapa harga tiketnya?
Где его держат?
Кто директор компании?
Коли збудували міст?
Ποιος είναι ο διευθυντής;
من هو المدير؟
מי המנהל?
校長は誰ですか?
谁是主任?
보증 기간은 얼마입니까?
निदेशक कौन है?
ใครเป็นผู้อำนวยการ
Giá vé là bao nhiêu?
Qui est le directeur de Norvik AB et depuis quand
Wie lange dauert die Überfahrt von Hallen nach Brask?
""".splitlines()

QUESTIONS = """\
What is the warranty period of the X200?
Who was Wolfgang von Goethe's landlord?
Wer is the author of Buddenbrooks?
warranty period pump X200
opening hours museum
Bosch GmbH Stuttgart
price ticket adults Sunday
Name the auditor.
List the steps for changing the oil.
Tell me the price of a child's ticket.
Explain why the pump stops.
Give the date of the annual meeting.
Describe how the seal is replaced.
State the notice period.
Find the phone number of the harbour office.
Show the rate for 2021.
tell me about the fee
Is it allowed to smoke on the stairs?
deposit
rent due date
What does the word “Schadenfreude” mean?
What is the meaning of «Москва слезам не верит»?
Was ist in the box?
In which year did the ferry sink?
when is rent due
do dogs need a ticket
How do I write a custom plugin?
How is the summary written?
Who wrote the summary?
Which language was it translated from?
What help is there for new tenants?
Does the hello message have a length?
What can a tenant do about noise?
Who are you meeting on Friday?
What is the name of the help desk?
create an account
write speed of the SSD
translate button not working
draft number of the vessel
summary of charges
thank you letter to members date
max load crane 2
Kochetkov Bryanka detention
Lena Holt appointed
ISO 46
error E17
2 + 2
why does the boiler stop
and in 2019?
Why?
And the director?
""".splitlines()

NO_QUESTIONS = """\
hello
Hi there!
Hello, how are you?
Good morning
hey
thanks
Thank you very much!
ok thanks
Thanks for your help
Great!
bye
What can you do?
what can i ask here?
Who are you?
What are you?
what's your name
Are you an AI?
help
How does this tool work?
Summarise the article.
summarize this document in three sentences
Please summarise chapter 2
Can you summarise the contract for me?
Translate this into German
Could you translate the last paragraph?
Write a poem about the bridge
write me a letter to the landlord
Draft an email to the tenant
Please write a short summary
Give me an overview of the report
Tell me a joke
Rewrite the introduction
Rephrase this.
tl;dr
???
…
👍
test
""".splitlines()

UNCLEAR = """\
Where is he held? | he
When was it built? | it
Who told her about it? | her
What did they find? | they
How long did she stay there? | she
What is his age? | his
Who lives there? | there
What does this mean? | this
Who was king in that year? | in that year
How much does it cost? | it
Why did the court reject his appeal? | his
Who was the director before her? | her
""".splitlines()

CLEAR = """\
Is it allowed to keep a dog?
How long does it take to cross?
What time is it when the ferry leaves?
Is it true that the mill burned down?
Does the pump need oil when it is hot?
When did Ole Brask leave his company?
Which company makes its own steel?
How many rooms are there?
Are there any dogs on the island?
What did Mette Vold say when she resigned?
Who sold their house?
Who protected Jamukha after he escaped?
How was it decided that the fee is raised?
warranty period pump X200
""".splitlines()


@pytest.mark.parametrize("question", FOREIGN)
def test_other_languages_are_told_from_english(question: str) -> None:
    assert why_not_read(question, ENGLISH).startswith("This question seems to be in ")


@pytest.mark.parametrize("question", QUESTIONS)
def test_questions_requests_for_facts_and_keywords_are_read(question: str) -> None:
    assert why_not_read(question, ENGLISH) == ""


@pytest.mark.parametrize("question", NO_QUESTIONS)
def test_what_is_no_question_is_told_what_to_ask(question: str) -> None:
    assert is_no_question(question)
    assert why_not_read(question, ENGLISH) == PURPOSE


@pytest.mark.parametrize("line", UNCLEAR)
def test_a_pronoun_that_stands_for_nothing_is_named(line: str) -> None:
    question, word = line.split(" | ")
    assert unclear(question) == f"It is not clear what “{word}” stands for: say it in the question."


@pytest.mark.parametrize("question", CLEAR)
def test_a_pronoun_that_stands_for_something_is_not(question: str) -> None:
    assert unclear(question) == ""


def test_it_says_in_which_language_the_question_is() -> None:
    assert why_not_read("Wie lange dauert die Überfahrt?", ENGLISH) == (
        "This question seems to be in German; this reader knows English only."
    )
    assert why_not_read("Wie lange dauert die Überfahrt?", ("en", "de")) == ""
    assert "knows English and German only" in why_not_read("Combien coûte la licence par an ?", ("en", "de"))
    assert why_not_read("Где его держат?", ("any",)) == why_not_read("Где его держат?", ("ru",)) == ""


@given(st.text(max_size=300))
def test_any_text_is_understood_somehow(text: str) -> None:
    understood = understand(Question(text), ENGLISH)
    assert understood.readings == (text,)
    assert understand(Question(text), ("any",)).not_read in {"", PURPOSE}


def test_the_language_is_told_without_a_network_and_without_a_folder_to_write_to() -> None:
    code = (
        "import socket, tempfile\n"
        "def refused(*_, **__): raise AssertionError('network')\n"
        "socket.socket.connect = socket.getaddrinfo = refused\n"
        "tempfile.tempdir = '/nowhere'\n"
        "from rag.conversation.understanding import why_not_read\n"
        "print(why_not_read('Wann wurde die Pumpe gebaut?', ('en',)))"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert "German" in done.stdout


def test_what_is_not_read_still_finds_passages(index: PassageIndex, answerer: QuestionAnswerer) -> None:
    index.add(DocumentDraft("a", "Die Pumpe wurde 1932 gebaut."))
    result = answerer.ask("Wann wurde die Pumpe gebaut? «1932»")
    assert (result.status, result.abstained, result.passages_read) == ("not_understood", True, 0)
    assert (len(result.passages), result.answers, result.candidates) == (1, (), ())
    assert result.detail == "This question seems to be in German; this reader knows English only."
    other = fake_answerer(index, config=AskConfig(languages=("any",)))
    assert [answer.text for answer in other.ask("Wann wurde die Pumpe gebaut? «1932»").answers] == ["1932"]


def test_an_unclear_pronoun_is_told_only_where_there_is_no_answer(
    index: PassageIndex, answerer: QuestionAnswerer
) -> None:
    index.add(DocumentDraft("a", "The mill was built in 1932."))
    assert answerer.ask("When was it built? «1932»").status == "answered"
    result = answerer.ask("When was it built?")
    assert (result.status, result.detail) == (
        "not_understood",
        "It is not clear what “it” stands for: say it in the question.",
    )
    assert answerer.ask("When was the mill built?").status == "not_found"
