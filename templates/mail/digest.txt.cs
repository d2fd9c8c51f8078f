<?cs # digest.txt.cs: the week in one line per environment, worst first ?><?cs var:title ?>

<?cs each:line = lines ?>  * <?cs var:line ?>
<?cs /each ?>
The overview:
  <?cs var:url ?>

-- 
You get this each Monday because <?cs var:recipient ?> is the channel "<?cs var:channel ?>" in the
console at <?cs var:console ?>
