<?cs # test.txt.cs: does mail arrive? ?>This is a test mail of Lazarette. If you can read it, mails from the console
at <?cs var:console ?> reach you.

  Sent: <?cs var:finished ?>

-- 
You get this because somebody asked for a test mail to <?cs var:recipient ?>.
