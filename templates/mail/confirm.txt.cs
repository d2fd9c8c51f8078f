<?cs # confirm.txt.cs: may notices come to this address? ?>Somebody wants a backup console to send its notices to <?cs var:recipient ?>
(channel "<?cs var:channel ?>"). Nothing is sent before you agree. To agree, open this page and
press its button; it works for seven days:

  <?cs var:url ?>

If you know nothing of it, do nothing.

-- 
The console is at <?cs var:console ?>
