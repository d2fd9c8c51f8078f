<?cs # notice.txt.cs: something happened that this address wanted to be told ?><?cs var:title ?>
<?cs if:subcount(lines) ?>
<?cs each:line = lines ?>  <?cs var:line ?>
<?cs /each ?><?cs /if ?><?cs if:at ?>
  When: <?cs var:at ?>
<?cs /if ?><?cs if:url ?>
  <?cs var:url ?>
<?cs /if ?>
-- 
You get this because <?cs var:recipient ?> is the channel "<?cs var:channel ?>" in the console at
<?cs var:console ?>
